"""The shuffle of rows in machine code: that of numpy.random.Generator.permutation, bit for bit."""

from __future__ import annotations

# Fisher-Yates from the end: a number up to i is drawn from the generator's own next_uint32, masked to the
# bits of i, again until it is not above i.
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
"""
