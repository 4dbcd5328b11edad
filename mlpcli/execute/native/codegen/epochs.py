"""Many epochs in one call: shuffling, gathering rows, steps, and the mean cost of every epoch."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from mlpcli.execute.native.argument_block import FIRST_BUFFER, Slot
from mlpcli.execute.native.codegen.instructions import constant_text
from mlpcli.execute.native.codegen.loops import kind_of
from mlpcli.execute.native.codegen.program import StepText
from mlpcli.execute.native.codegen.writer import BYTES, Emitter
from mlpcli.plan.kernel import Plan

FEW = 4
"""Batches of an epoch that always begins at its first one: knowing their number, the compiler unrolls them,
and other code may round otherwise. Slot.BEGUN is of no meaning then."""
READ = {
    Slot.EPOCHS: "i64",
    Slot.ORDER: "ptr",
    Slot.COSTS: "ptr",
    Slot.STOP: "ptr",
    Slot.NEXT_UINT32: "ptr",
    Slot.RANDOM_STATE: "ptr",
    Slot.COST_BELOW: "double",
    Slot.ARENA: "ptr",
    Slot.PRODUCT: "ptr",
    Slot.BEGUN: "i64",
    Slot.TOTALS: "ptr",
}
"""The slots that the code reads, and the LLVM type of each."""
MEMCPY = "declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)\n"


def epochs_text(rows: int, whole: StepText, plan: Plan, rest: StepText | None) -> str:
    """Return `void train(ptr block)`, which does epochs over `rows` rows; block: an ArgumentBlock.

    whole: the step of a full batch, of plan.batch rows. rest: that of the last, smaller batch, with the same
    arguments; None where the batches divide the rows. An epoch is the last when the stop flag is set after a
    batch, when the sum of the costs is not finite, or when the mean cost is below the limit.
    """
    writer = _EpochsWriter(rows, whole, plan, rest)
    writer.write()
    head = f"define void @train(ptr %block) {whole.attributes} {{"
    return "\n".join([MEMCPY, head, *writer.lines, "}", ""])


@dataclass(frozen=True)
class _Input:
    """An input of the step. width: entries of a row; rows, batch: pointers to all rows and to a batch."""

    kind: str
    width: int
    rows: str
    batch: str


class _EpochsWriter:
    """A writer of the body of `train`.

    What changes from epoch to epoch lies on the stack, of which LLVM makes registers.
    """

    def __init__(self, rows: int, whole: StepText, plan: Plan, rest: StepText | None) -> None:
        self._rows, self._whole, self._plan, self._rest = rows, whole, plan, rest
        self._emitter = emitter = Emitter()
        self.lines = emitter.lines
        emitter.label("entry")
        self._values = {slot: self._load(slot, kind) for slot, kind in READ.items()}
        self._outputs = list(dict.fromkeys(plan.outputs.values()))
        self._pointers: dict[int, str] = {}
        self._homes: dict[int, str] = {}
        self._inputs: dict[int, _Input] = {}
        for number, index in enumerate(whole.arguments):
            self._pointers[index] = self._buffer(number, index)
        inputs = [index for index in whole.arguments if plan.buffers[index].role == "input"]
        for number, index in enumerate(inputs, start=FIRST_BUFFER + len(whole.arguments)):
            width = math.prod(plan.buffers[index].shape[1:])
            self._inputs[index] = _Input(
                self._kind(index), width, self._pointers[index], self._load(number, "ptr")
            )
        self._sums = emitter.let(f"alloca [{len(self._outputs)} x double], align 8")
        self._halted, self._batches, self._done = (emitter.let(f"alloca {t}") for t in ("i1", "i64", "i64"))

    def write(self) -> None:
        """Write all epochs, and what is read from the block afterwards."""
        emitter = self._emitter
        emitter.loop_until(self._values[Slot.EPOCHS], self._epoch)
        for index, home in self._homes.items():
            emitter.put(_memcpy(home, self._pointers[index], self._whole.local[index]))
        for slot, value in ((Slot.DONE, self._done), (Slot.BATCHES, self._batches)):
            emitter.store(emitter.let(f"load i64, ptr {value}"), "%block", "i64", str(int(slot)))
        emitter.put("ret void")

    def _kind(self, index: int) -> str:
        return kind_of(self._plan.buffers[index].dtype)

    def _load(self, slot: int, kind: str) -> str:
        """Write the loading of a slot of the block."""
        address = self._emitter.let(f"getelementptr inbounds i64, ptr %block, i64 {int(slot)}")
        return self._emitter.let(f"load {kind}, ptr {address}")

    def _buffer(self, number: int, index: int) -> str:
        """Return the pointer to an argument of the step, the one with this number."""
        if index in self._outputs:
            return self._emitter.let(f"alloca {self._kind(index)}, align 8")
        pointer = self._load(FIRST_BUFFER + number, "ptr")
        if index not in self._whole.local:
            return pointer
        # A copy on the stack may stay in registers from step to step; it goes home after the last epoch.
        copy = self._emitter.let(f"alloca [{self._whole.local[index]} x i8], align 64")
        self._emitter.put(_memcpy(copy, pointer, self._whole.local[index]))
        self._homes[index] = pointer
        return copy

    def _epoch(self, epoch: str) -> str:
        """Write one epoch; return an i1: whether it has to be the last."""
        emitter, values = self._emitter, self._values
        shuffle = f"call void @mlp_shuffle(ptr {values[Slot.ORDER]}, i64 {self._rows}, "
        shuffle += f"ptr {values[Slot.NEXT_UINT32]}, ptr {values[Slot.RANDOM_STATE]})"
        emitter.when(f"icmp ne ptr {values[Slot.NEXT_UINT32]}, null", lambda: emitter.put(shuffle))
        emitter.put(f"store [{len(self._outputs)} x double] zeroinitializer, ptr {self._sums}")
        self._all_batches(epoch)
        batches, halted = emitter.let(f"load i64, ptr {self._batches}"), f"load i1, ptr {self._halted}"
        done = emitter.let(f"mul i64 {batches}, {self._plan.batch}")
        seen = emitter.let(f"call i64 @llvm.umin.i64(i64 {done}, i64 {self._rows})")
        sums = [emitter.load(self._sums, "double", str(at)) for at in range(len(self._outputs))]
        for at, total in enumerate(sums):
            place = emitter.offset([(epoch, len(sums))], at)
            emitter.store(total, values[Slot.COSTS], "double", place)
        mean = emitter.let(f"fdiv double {sums[0]}, {emitter.let(f'uitofp i64 {seen} to double')}")
        enough = emitter.let(f"fcmp olt double {mean}, {values[Slot.COST_BELOW]}")
        emitter.put(f"store i64 {emitter.let(f'add i64 {epoch}, 1')}, ptr {self._done}")
        return emitter.let(f"or i1 {enough}, {emitter.let(halted)}")

    def _all_batches(self, epoch: str) -> None:
        """Write the batches of an epoch, full ones first."""
        emitter, (full, left) = self._emitter, divmod(self._rows, self._plan.batch)
        emitter.put(f"store i1 false, ptr {self._halted}")

        def whole_batches(first: str) -> None:
            halted = emitter.loop_until(str(full), self._whole_batch, first)
            emitter.put(f"store i1 {halted}, ptr {self._halted}")

        if full + bool(left) <= FEW:
            whole_batches("0")
        else:
            # An epoch that was begun in an earlier call: nothing but its last batch may be left of it.
            initial = emitter.let(f"icmp eq i64 {epoch}, 0")
            first = emitter.let(f"select i1 {initial}, i64 {self._values[Slot.BEGUN]}, i64 0")
            totals = _memcpy(self._sums, self._values[Slot.TOTALS], 8 * len(self._outputs))
            emitter.when(f"icmp ne i64 {first}, 0", lambda: emitter.put(totals))
            emitter.when(f"icmp ne i64 {first}, {full}", lambda: whole_batches(first))
        if self._rest is not None:
            halted = emitter.let(f"load i1, ptr {self._halted}")
            emitter.when(f"icmp eq i1 {halted}, false", partial(self._last_batch, self._rest, left))

    def _whole_batch(self, number: str) -> str:
        start = self._emitter.offset([(number, self._plan.batch)])
        self._emitter.put(f"store i64 {self._emitter.let(f'add i64 {number}, 1')}, ptr {self._batches}")
        return self._batch(self._whole, self._plan.batch, start)

    def _last_batch(self, step: StepText, size: int) -> None:
        halted = self._batch(step, size, str(self._rows - size))
        self._emitter.put(f"store i1 {halted}, ptr {self._halted}")
        self._emitter.put(f"store i64 {-(-self._rows // self._plan.batch)}, ptr {self._batches}")

    def _batch(self, step: StepText, size: int, start: str) -> str:
        """Write a step on `size` rows from `start` on; return an i1: whether it has to be the last."""
        emitter, order = self._emitter, self._values[Slot.ORDER]
        emitter.when(
            f"icmp ne ptr {order}, null",
            lambda: emitter.carried_loop(str(size), (), partial(self._gather_row, start)),
        )
        pointers = dict(self._pointers)
        for index, each in self._inputs.items():
            direct = emitter.address(each.rows, each.kind, emitter.offset([(start, each.width)]))
            gathered = emitter.let(f"icmp ne ptr {order}, null")
            pointers[index] = emitter.let(f"select i1 {gathered}, ptr {each.batch}, ptr {direct}")
        named = dict(zip(self._whole.keys, self._whole.arguments, strict=True))
        given = [pointers[named[key]] for key in step.keys]
        given += [self._values[Slot.ARENA], self._values[Slot.PRODUCT]]
        emitter.put(f"call void @{step.name}({', '.join(f'ptr {pointer}' for pointer in given)})")
        cost, *_ = [self._add_to_sum(at, index, size) for at, index in enumerate(self._outputs)]
        # A number that is not finite minus itself is NaN, and no other is.
        difference = emitter.let(f"fsub double {cost}, {cost}")
        not_finite = emitter.let(f"fcmp uno double {difference}, 0.0")
        flag = emitter.let(f"load volatile i8, ptr {self._values[Slot.STOP]}")
        asked = emitter.let(f"icmp ne i8 {flag}, 0")
        return emitter.let(f"or i1 {not_finite}, {asked}")

    def _gather_row(self, start: str, number: str, _: list[str]) -> tuple[str, ...]:
        """Write the copying of one row of every input to its place in the batch."""
        emitter = self._emitter
        place = emitter.let(f"add i64 {start}, {number}")
        chosen = emitter.load(self._values[Slot.ORDER], "i64", place)
        for each in self._inputs.values():
            source = emitter.address(each.rows, each.kind, emitter.offset([(chosen, each.width)]))
            target = emitter.address(each.batch, each.kind, emitter.offset([(number, each.width)]))
            size = BYTES[each.kind]
            emitter.put(_memcpy(target, source, each.width * size, f"align {size} "))
        return ()

    def _add_to_sum(self, at: int, index: int, size: int) -> str:
        """Write the adding of an output's value, times the rows of the batch; return the new sum."""
        emitter, kind = self._emitter, self._kind(index)
        value = emitter.load(self._pointers[index], kind, "0")
        if kind == "float":
            value = emitter.let(f"fpext float {value} to double")
        part = emitter.let(f"fmul double {value}, {constant_text(float(size), 'double')}")
        total = emitter.let(f"fadd double {emitter.load(self._sums, 'double', str(at))}, {part}")
        emitter.store(total, self._sums, "double", str(at))
        return total


def _memcpy(target: str, source: str, size: int, align: str = "") -> str:
    return f"call void @llvm.memcpy.p0.p0.i64(ptr {align}{target}, ptr {align}{source}, i64 {size}, i1 false)"
