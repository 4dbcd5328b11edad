"""Many epochs in one call: shuffling, gathering rows, steps, and the mean cost of every epoch."""

from __future__ import annotations

from collections.abc import Sequence

from mlpcli.execute.native.codegen.loops import kind_of
from mlpcli.execute.native.codegen.program import StepText
from mlpcli.execute.native.codegen.writer import BYTES
from mlpcli.plan.kernel import Plan

(
    EPOCHS,
    ORDER,
    COSTS,
    STOP,
    NEXT_UINT32,
    RANDOM_STATE,
    COST_BELOW,
    DONE,
    BATCHES,
    ARENA,
    PRODUCT,
    BEGUN,
    TOTALS,
    FIRST,
) = range(14)
"""Slots of the frame (i64 each) that the function is called with; from FIRST on: the step's arguments,
for inputs the rows, then for each input a buffer to gather a batch into."""

FEW = 4
"""Batches of an epoch that always begins at its first one: knowing their number, the compiler unrolls them,
and other code may round otherwise. BEGUN is of no meaning then."""

# The shuffle of numpy.random.Generator.permutation, bit for bit: Fisher-Yates from the end; a number up to
# i is drawn from the generator's own next_uint32, masked to the bits of i, again until it is not above i.
SHUFFLE = """
define internal void @mlp_shuffle(ptr noalias %order, i64 %rows, ptr %next, ptr %state) nounwind {
entry:
  br label %fill
fill:
  %f = phi i64 [ 0, %entry ], [ %f1, %fill ]
  %fa = getelementptr inbounds i64, ptr %order, i64 %f
  store i64 %f, ptr %fa
  %f1 = add i64 %f, 1
  %filled = icmp eq i64 %f1, %rows
  br i1 %filled, label %begin, label %fill
begin:
  %last = sub i64 %rows, 1
  %single = icmp eq i64 %last, 0
  br i1 %single, label %end, label %head
head:
  %i = phi i64 [ %last, %begin ], [ %i1, %swap ]
  %i32 = trunc i64 %i to i32
  %zeros = call i32 @llvm.ctlz.i32(i32 %i32, i1 false)
  %mask = lshr i32 -1, %zeros
  br label %draw
draw:
  %word = call i32 %next(ptr %state)
  %value = and i32 %word, %mask
  %above = icmp ugt i32 %value, %i32
  br i1 %above, label %draw, label %swap
swap:
  %j = zext i32 %value to i64
  %ia = getelementptr inbounds i64, ptr %order, i64 %i
  %ja = getelementptr inbounds i64, ptr %order, i64 %j
  %iv = load i64, ptr %ia
  %jv = load i64, ptr %ja
  store i64 %jv, ptr %ia
  store i64 %iv, ptr %ja
  %i1 = sub i64 %i, 1
  %finished = icmp eq i64 %i1, 0
  br i1 %finished, label %end, label %head
end:
  ret void
}
declare i32 @llvm.ctlz.i32(i32, i1)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)
"""


def epochs_text(rows: int, whole: StepText, plan: Plan, rest: StepText | None) -> str:
    """`void train(ptr frame)` over `rows` rows in batches of plan.batch; `rest` takes the last, smaller one.

    Both steps have the same arguments. Ends early when the stop flag is set after a batch, when the cost
    is lost, or when an epoch's mean cost is below the limit; DONE and BATCHES tell how far it came. COSTS
    are sums over the rows seen. BEGUN: batches of the first epoch that are done already; TOTALS: their sums.
    """
    lines = [f"define void @train(ptr %frame) {whole.attributes} {{", "entry:"]
    put = lines.append
    inputs = [i for i in whole.arguments if plan.buffers[i].role == "input"]
    outputs = list(dict.fromkeys(plan.outputs.values()))
    kinds = {i: kind_of(plan.buffers[i].dtype) for i in whole.arguments}
    widths = {i: _row_entries(plan, i) for i in inputs}
    named = dict(zip(whole.keys, whole.arguments, strict=True))

    def slot(name: str, number: int, kind: str) -> None:
        put(f"  %{name}.a = getelementptr inbounds i64, ptr %frame, i64 {number}")
        put(f"  %{name} = load {kind}, ptr %{name}.a")

    for name, number, kind in (
        ("epochs", EPOCHS, "i64"),
        ("order", ORDER, "ptr"),
        ("costs", COSTS, "ptr"),
        ("stop", STOP, "ptr"),
        ("next", NEXT_UINT32, "ptr"),
        ("random", RANDOM_STATE, "ptr"),
        ("below", COST_BELOW, "double"),
        ("arena", ARENA, "ptr"),
        ("product", PRODUCT, "ptr"),
        ("begun", BEGUN, "i64"),
        ("totals", TOTALS, "ptr"),
    ):
        slot(name, number, kind)
    for number, index in enumerate(whole.arguments):
        if index in outputs:
            put(f"  %b{index} = alloca {kinds[index]}, align 8")
        elif index in whole.local:
            slot(f"home{index}", FIRST + number, "ptr")
            put(f"  %b{index} = alloca [{whole.local[index]} x i8], align 64")
            put(_copy(f"%b{index}", f"%home{index}", whole.local[index]))
        else:
            slot(f"b{index}", FIRST + number, "ptr")
    for number, index in enumerate(inputs):
        slot(f"g{index}", FIRST + len(whole.arguments) + number, "ptr")
    put(f"  %sums = alloca [{len(outputs)} x double], align 8")
    put("  %shuffled = icmp ne ptr %next, null")
    put("  %gathered = icmp ne ptr %order, null")
    put("  br label %epoch")
    put("epoch:")
    put("  %e = phi i64 [ 0, %entry ], [ %e1, %more ]")
    put("  br i1 %shuffled, label %shuffle, label %begin")
    put("shuffle:")
    put(f"  call void @mlp_shuffle(ptr %order, i64 {rows}, ptr %next, ptr %random)")
    put("  br label %begin")
    put("begin:")
    put(f"  store [{len(outputs)} x double] zeroinitializer, ptr %sums")
    full, left = divmod(rows, plan.batch)
    begin = ("0", "begin")
    if full + bool(left) <= FEW:
        put("  br label %w.batch")
    else:
        put("  %initial = icmp eq i64 %e, 0")
        put("  %skip = select i1 %initial, i64 %begun, i64 0")
        put("  %anew = icmp eq i64 %skip, 0")
        put("  br i1 %anew, label %start, label %resume")
        put("resume:")
        put(_copy("%sums", "%totals", 8 * len(outputs)))
        put("  br label %start")
        put("start:")
        put(f"  %through = icmp eq i64 %skip, {full}")
        put("  br i1 %through, label %rest, label %w.batch")
        begin = ("%skip", "start")
    _batch(lines, "w", whole, plan.batch, full, inputs, outputs, named, kinds, widths, begin, "rest")
    put("rest:")
    if left:
        assert rest is not None
        put("  br label %r.batch")
        _batch(
            lines,
            "r",
            rest,
            left,
            1,
            inputs,
            outputs,
            named,
            kinds,
            widths,
            ("0", "rest"),
            "mean",
            full,
            rows - left,
        )
    else:
        put("  br label %mean")
    put("mean:")
    put("  br label %write")
    put("write:")
    early = "[ %w.seen, %w.lost ]" + (", [ %r.seen, %r.lost ]" if left else "")
    batches = "[ %w.n, %w.lost ]" + (f", [ {full + 1}, %r.lost ]" if left else "")
    put(f"  %seen = phi i64 [ {rows}, %mean ], {early}")
    put(f"  %n = phi i64 [ {full + bool(left)}, %mean ], {batches}")
    put(f"  %halted = phi i1 [ false, %mean ], [ true, %w.lost ]{', [ true, %r.lost ]' if left else ''}")
    put("  %seenf = uitofp i64 %seen to double")
    put(f"  %base = mul i64 %e, {len(outputs)}")
    for at in range(len(outputs)):
        put(f"  %s{at}.a = getelementptr inbounds double, ptr %sums, i64 {at}")
        put(f"  %s{at} = load double, ptr %s{at}.a")
        put(f"  %m{at} = fdiv double %s{at}, %seenf")
        put(f"  %o{at} = add i64 %base, {at}")
        put(f"  %c{at} = getelementptr inbounds double, ptr %costs, i64 %o{at}")
        put(f"  store double %s{at}, ptr %c{at}")
    put("  %e1 = add i64 %e, 1")
    put("  %enough = fcmp olt double %m0, %below")
    put("  %all = icmp eq i64 %e1, %epochs")
    put("  %x = or i1 %enough, %all")
    put("  %y = or i1 %x, %halted")
    put("  br i1 %y, label %finish, label %more")
    put("more:")
    put("  br label %epoch")
    put("finish:")
    for index, size in whole.local.items():
        put(_copy(f"%home{index}", f"%b{index}", size))
    put(f"  %done.a = getelementptr inbounds i64, ptr %frame, i64 {DONE}")
    put("  store i64 %e1, ptr %done.a")
    put(f"  %batches.a = getelementptr inbounds i64, ptr %frame, i64 {BATCHES}")
    put("  store i64 %n, ptr %batches.a")
    put("  ret void")
    put("}")
    return "\n".join(lines) + "\n"


def _batch(
    lines: list[str],
    p: str,
    step: StepText,
    size: int,
    count: int,
    inputs: Sequence[int],
    outputs: Sequence[int],
    named: dict[str, int],
    kinds: dict[int, str],
    widths: dict[int, int],
    before: tuple[str, str],
    after: str,
    first: int = 0,
    begin: int = 0,
) -> None:
    """The loop over `count` batches of `size` rows; labels and names begin with p.

    before: the batch to begin with, and the block it comes from. first, begin: the batches and rows of the
    loop before.
    """
    put = lines.append
    put(f"{p}.batch:")
    put(f"  %{p}.b = phi i64 [ {before[0]}, %{before[1]} ], [ %{p}.n0, %{p}.next ]")
    put(f"  %{p}.from0 = mul i64 %{p}.b, {size}")
    put(f"  %{p}.from = add i64 %{p}.from0, {begin}")
    start = f"%{p}.from"
    put(f"  br i1 %gathered, label %{p}.take, label %{p}.direct")
    put(f"{p}.take:")
    put(f"  br label %{p}.row")
    put(f"{p}.row:")
    put(f"  %{p}.r = phi i64 [ 0, %{p}.take ], [ %{p}.r1, %{p}.row ]")
    put(f"  %{p}.place = add i64 {start}, %{p}.r")
    put(f"  %{p}.oa = getelementptr inbounds i64, ptr %order, i64 %{p}.place")
    put(f"  %{p}.chosen = load i64, ptr %{p}.oa")
    for index in inputs:
        kind, width = kinds[index], widths[index]
        for word, base, row in (("s", f"%b{index}", f"%{p}.chosen"), ("t", f"%g{index}", f"%{p}.r")):
            put(f"  %{p}.{word}o{index} = mul i64 {row}, {width}")
            put(f"  %{p}.{word}{index} = getelementptr inbounds {kind}, ptr {base}, i64 %{p}.{word}o{index}")
        bytes_ = width * BYTES[kind]
        arguments = f"ptr align {BYTES[kind]} %{p}.t{index}, ptr align {BYTES[kind]} %{p}.s{index}"
        put(f"  call void @llvm.memcpy.p0.p0.i64({arguments}, i64 {bytes_}, i1 false)")
    put(f"  %{p}.r1 = add i64 %{p}.r, 1")
    put(f"  %{p}.taken = icmp eq i64 %{p}.r1, {size}")
    put(f"  br i1 %{p}.taken, label %{p}.step, label %{p}.row")
    put(f"{p}.direct:")
    for index in inputs:
        put(f"  %{p}.do{index} = mul i64 {start}, {widths[index]}")
        put(f"  %{p}.d{index} = getelementptr inbounds {kinds[index]}, ptr %b{index}, i64 %{p}.do{index}")
    put(f"  br label %{p}.step")
    put(f"{p}.step:")
    arguments_ = []
    for key in step.keys:
        index = named[key]
        pointer = f"%b{index}"
        if index in inputs:
            pointer = f"%{p}.i{index}"
            put(f"  {pointer} = phi ptr [ %g{index}, %{p}.row ], [ %{p}.d{index}, %{p}.direct ]")
        arguments_.append(f"ptr {pointer}")
    put(f"  call void @{step.name}({', '.join([*arguments_, 'ptr %arena', 'ptr %product'])})")
    for at, index in enumerate(outputs):
        kind = kinds[index]
        put(f"  %{p}.v{at} = load {kind}, ptr %b{index}")
        wide = f"%{p}.v{at}"
        if kind == "float":
            wide = f"%{p}.w{at}"
            put(f"  {wide} = fpext float %{p}.v{at} to double")
        put(f"  %{p}.sa{at} = getelementptr inbounds double, ptr %sums, i64 {at}")
        put(f"  %{p}.so{at} = load double, ptr %{p}.sa{at}")
        put(f"  %{p}.part{at} = fmul double {wide}, {float(size):e}")
        put(f"  %{p}.sn{at} = fadd double %{p}.so{at}, %{p}.part{at}")
        put(f"  store double %{p}.sn{at}, ptr %{p}.sa{at}")
    put(f"  %{p}.n0 = add i64 %{p}.b, 1")
    put(f"  %{p}.n = add i64 %{p}.n0, {first}")
    put(f"  %{p}.seen0 = mul i64 %{p}.n0, {size}")
    put(f"  %{p}.seen = add i64 %{p}.seen0, {begin}")
    put(f"  %{p}.zero = fsub double %{p}.sn0, %{p}.sn0")
    put(f"  %{p}.nan = fcmp uno double %{p}.zero, 0.0")
    put(f"  %{p}.flag = load volatile i8, ptr %stop")
    put(f"  %{p}.asked = icmp ne i8 %{p}.flag, 0")
    put(f"  %{p}.halt = or i1 %{p}.nan, %{p}.asked")
    put(f"  br i1 %{p}.halt, label %{p}.lost, label %{p}.next")
    put(f"{p}.lost:")
    put("  br label %write")
    put(f"{p}.next:")
    put(f"  %{p}.finished = icmp eq i64 %{p}.n0, {count}")
    put(f"  br i1 %{p}.finished, label %{after}, label %{p}.batch")


def _copy(target: str, source: str, size: int) -> str:
    return f"  call void @llvm.memcpy.p0.p0.i64(ptr {target}, ptr {source}, i64 {size}, i1 false)"


def _row_entries(plan: Plan, index: int) -> int:
    entries = 1
    for size in plan.buffers[index].shape[1:]:
        entries *= size
    return entries
