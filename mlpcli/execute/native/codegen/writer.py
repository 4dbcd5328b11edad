"""A writer of LLVM text: names, loops, addresses. All sizes are known, so LLVM unrolls and vectorises."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count

UNROLLED = 4
"""Loops of so few rounds are written out: LLVM would do it too, only later."""
TYPES = {"float64": "double", "float32": "float", "bool": "i1"}
STORED = {"double": "double", "float": "float", "i1": "i8"}
BYTES = {"double": 8, "float": 4, "i1": 1}


class Emitter:
    """A writer of the body of one function. unrolled: loops of so many rounds at most are written out."""

    def __init__(self, unrolled: int = UNROLLED) -> None:
        self.lines: list[str] = []
        self._unrolled = unrolled
        self.block = "entry"
        self._number = count()

    def name(self) -> str:
        """Return a fresh SSA name."""
        return f"%t{next(self._number)}"

    def put(self, line: str) -> None:
        """Write one instruction without a result."""
        self.lines.append(f"  {line}")

    def let(self, instruction: str) -> str:
        """Write one instruction; return the name of its result."""
        name = self.name()
        self.lines.append(f"  {name} = {instruction}")
        return name

    def label(self, name: str) -> None:
        """Begin a block."""
        self.lines.append(f"{name}:")
        self.block = name

    def loop(self, rounds: int, body: Callable[[str], None]) -> None:
        """Write body(index) for 0 … rounds - 1; the index is a number or an SSA name of type i64."""
        if rounds <= self._unrolled:
            for index in range(rounds):
                body(str(index))
            return

        def once(index: str, carried: list[str]) -> tuple[str, ...]:
            body(index)
            return ()

        self.carried_loop(str(rounds), (), once)

    def nest(self, shape: Sequence[int], body: Callable[[Sequence[str]], None]) -> None:
        """Write body(indices) for every entry of an array of that shape, in C order."""

        def level(indices: tuple[str, ...]) -> None:
            if len(indices) == len(shape):
                body(indices)
            else:
                self.loop(shape[len(indices)], lambda index: level((*indices, index)))

        level(())

    def carried_loop(
        self,
        rounds: str,
        start: Sequence[tuple[str, str]],
        body: Callable[[str, list[str]], Sequence[str]],
        first: str = "0",
    ) -> list[str]:
        """Write a loop that carries values; return the values after the last round.

        rounds: a number or an i64 name, above `first`. start: type and value of each before the first round.
        body: given index and values, writes a round and returns the next values.
        """
        number = next(self._number)
        head, after = f"loop{number}", f"done{number}"
        index = self.name()
        before = self.block
        carried = [self.name() for _ in start]
        self.put(f"br label %{head}")
        self.label(head)
        at = len(self.lines)
        results = body(index, carried)
        following = self.let(f"add nuw nsw i64 {index}, 1")
        latch = self.block
        # The phis name the block that the body ended in, which is known only now that it is written.
        phis = [f"  {index} = phi i64 [ {first}, %{before} ], [ {following}, %{latch} ]"]
        for (kind, value), name, result in zip(start, carried, results, strict=True):
            phis.append(f"  {name} = phi {kind} [ {value}, %{before} ], [ {result}, %{latch} ]")
        self.lines[at:at] = phis
        ended = self.let(f"icmp eq i64 {following}, {rounds}")
        self.put(f"br i1 {ended}, label %{after}, label %{head}")
        self.label(after)
        return list(results)

    def loop_until(self, rounds: str, body: Callable[[str], str], first: str = "0") -> str:
        """Write a loop that may end early; return an i1: whether it did.

        body(index) gives an i1 that ends the loop. rounds: a number or an i64 name, above `first`.
        """
        number = next(self._number)
        head, latch, left, after = (f"{word}{number}" for word in ("loop", "next", "left", "done"))
        index, before = self.name(), self.block
        self.put(f"br label %{head}")
        self.label(head)
        at = len(self.lines)
        # Two ways out, so that LLVM still knows how often the loop goes round at most, and may unroll it.
        self.put(f"br i1 {body(index)}, label %{left}, label %{latch}")
        self.label(latch)
        following = self.let(f"add nuw nsw i64 {index}, 1")
        self.lines.insert(at, f"  {index} = phi i64 [ {first}, %{before} ], [ {following}, %{latch} ]")
        ended = self.let(f"icmp eq i64 {following}, {rounds}")
        self.put(f"br i1 {ended}, label %{after}, label %{head}")
        self.label(left)
        self.put(f"br label %{after}")
        self.label(after)
        return self.let(f"phi i1 [ true, %{left} ], [ false, %{latch} ]")

    def when(self, condition: str, body: Callable[[], object]) -> None:
        """Write body() so that it runs only where the condition, an instruction, is true."""
        number = next(self._number)
        self.put(f"br i1 {self.let(condition)}, label %then{number}, label %after{number}")
        self.label(f"then{number}")
        body()
        self.put(f"br label %after{number}")
        self.label(f"after{number}")

    def offset(self, terms: Sequence[tuple[str, int]], start: int = 0) -> str:
        """Return start + Σ index·stride as an i64: a number where all indices are
        numbers, else an SSA name.
        """
        total: str | None = None
        for index, stride in terms:
            if not stride:
                continue
            if index.isdigit():
                start += int(index) * stride
                continue
            part = index if stride == 1 else self.let(f"mul nuw nsw i64 {index}, {stride}")
            total = part if total is None else self.let(f"add nuw nsw i64 {total}, {part}")
        if total is None:
            return str(start)
        return self.let(f"add nuw nsw i64 {total}, {start}") if start else total

    def address(self, pointer: str, kind: str, offset: str) -> str:
        """Return the address of an entry. kind: its LLVM type; offset: in entries."""
        if offset == "0":
            return pointer
        return self.let(f"getelementptr inbounds {STORED.get(kind, kind)}, ptr {pointer}, i64 {offset}")

    def load(self, pointer: str, kind: str, offset: str) -> str:
        """Load one entry."""
        address = self.address(pointer, kind, offset)
        if kind == "i1":
            return self.let(f"trunc i8 {self.let(f'load i8, ptr {address}')} to i1")
        return self.let(f"load {kind}, ptr {address}")

    def store(self, value: str, pointer: str, kind: str, offset: str) -> None:
        """Store one entry."""
        address = self.address(pointer, kind, offset)
        if kind == "i1":
            kind, value = "i8", self.let(f"zext i1 {value} to i8")
        self.put(f"store {kind} {value}, ptr {address}")

    def copy(self, source: str, target: str, kind: str, count: int) -> None:
        """Copy neighbouring entries, in vectors of powers of two."""
        done = 0
        while done < count:
            piece = 1 << ((count - done).bit_length() - 1)
            origin, address = (self.address(pointer, kind, str(done)) for pointer in (source, target))
            value = self.let(f"load <{piece} x {kind}>, ptr {origin}, align {BYTES[kind]}")
            self.put(f"store <{piece} x {kind}> {value}, ptr {address}, align {BYTES[kind]}")
            done += piece
