"""The scalar ops as LLVM instructions, on one pair of entries."""

from __future__ import annotations

import math
from copy import copy
from typing import TypeAlias

from mlpcli.execute.native.codegen.functions import declarations, definitions, function_name
from mlpcli.execute.native.codegen.instructions import SUFFIX, InstructionWriter, SsaValue, constant_text
from mlpcli.ops.scalar_ops import SPLITMIX_ROUNDS, SPLITMIX_STEP, UNIFORM_BITS

__all__ = ["LlvmScalarOps", "ScalarOperand", "SsaValue", "declarations", "definitions"]

ScalarOperand: TypeAlias = SsaValue | float


class LlvmScalarOps:
    """Scalar ops that append instructions to `lines` and return the new value.

    type: "double" or "float". Values of the caller come in through `value`. The ops that became calls are
    added to `used`; their module needs `definitions(type, used)` once, and `declarations(type)`. NaN,
    infinity and -0 go through as in NumPy: no fast-math flag is set.
    """

    def __init__(self, type: str, lines: list[str], *, prefix: str = "%w") -> None:
        self.type = type
        self.used: set[str] = set()
        self._code = InstructionWriter(lines, prefix)
        self._joins = False

    def reassociating(self) -> LlvmScalarOps:
        """Return scalar ops that join the entries of a reduction: LLVM may keep several partial results."""
        joining = copy(self)
        joining._joins = True
        return joining

    def value(self, name: str, *, is_bool: bool = False) -> SsaValue:
        """Return what another instruction made, as an operand. name: as in the text, with its %."""
        return SsaValue(self._code, name, "i1" if is_bool else self.type)

    def text(self, operand: ScalarOperand) -> str:
        """Return the operand as it stands in an instruction."""
        return operand.name if isinstance(operand, SsaValue) else constant_text(operand, self.type)

    def add(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._arithmetic("fadd", a, b)

    def subtract(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._arithmetic("fsub", a, b)

    def multiply(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._arithmetic("fmul", a, b)

    def divide(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._number(a) / self._number(b)

    def negative(self, a: ScalarOperand) -> SsaValue:
        return self._code.emit(self.type, f"fneg {self.type} {self._number(a).name}")

    def absolute(self, a: ScalarOperand) -> SsaValue:
        return self._intrinsic("fabs", a)

    def sign(self, a: ScalarOperand) -> SsaValue:
        """Return -1, 0 or 1: 0 at both zeros, NaN at NaN."""
        code, x = self._code, self._number(a)
        zero_or_nan = code.select(code.compare("oeq", x, 0.0), 0.0, x)
        other = code.select(code.compare("olt", x, 0.0), -1.0, zero_or_nan)
        return code.select(code.compare("ogt", x, 0.0), 1.0, other)

    def maximum(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._extreme("maximum", "uge", a, b)

    def minimum(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._extreme("minimum", "ule", a, b)

    def sqrt(self, a: ScalarOperand) -> SsaValue:
        return self._intrinsic("sqrt", a)

    def power(self, a: ScalarOperand, b: float) -> SsaValue:
        """Return a^b. b: a number, known when the code is made; quick for -2, -1, -½, 0, ½, 1, 2, 3 and 4."""
        if b == 0.0:
            return self._code.constant(1.0, self.type)  # of NaN too
        if b == 0.5:
            return self.sqrt(a)
        if b == -0.5:
            # (-0)^-½ is inf where 1/√(-0) is -inf, and (-inf)^-½ is 0 where √(-inf) is NaN.
            infinite = self._code.compare("oeq", self._number(a), -math.inf)
            return self.divide(1.0, self.sqrt(self.where(infinite, math.inf, self.add(a, 0.0))))
        if b in (-1.0, -2.0):
            # The square comes last: x² may overflow where 1/x² is still a (subnormal) number.
            a, b = self.divide(1.0, a), -b
        if b == 1.0:
            return self._number(a)
        if b in (2.0, 3.0, 4.0):
            square = self.multiply(a, a)
            return square if b == 2.0 else self.multiply(square, a if b == 3.0 else square)
        return self._general_power(self._number(a), b)

    def exp(self, a: ScalarOperand) -> SsaValue:
        return self._function("exp", a)

    def expm1(self, a: ScalarOperand) -> SsaValue:
        return self._function("expm1", a)

    def log(self, a: ScalarOperand) -> SsaValue:
        return self._function("log", a)

    def log1p(self, a: ScalarOperand) -> SsaValue:
        return self._function("log1p", a)

    def tanh(self, a: ScalarOperand) -> SsaValue:
        return self._function("tanh", a)

    def greater(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._code.compare("ogt", self._number(a), self._number(b))

    def greater_equal(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._code.compare("oge", self._number(a), self._number(b))

    def both(self, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        return self._condition(a) & self._condition(b)

    def where(self, condition: ScalarOperand, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        """Choose entry by entry. The result is a comparison if a and b are; one beside a number counts as 0
        or 1.
        """
        if all(isinstance(o, SsaValue) and o.is_bool for o in (a, b)):
            return self._code.select(self._condition(condition), self._condition(a), self._condition(b))
        return self._code.select(self._condition(condition), self._number(a), self._number(b))

    def uniform(self, *of: ScalarOperand) -> SsaValue:
        """Return the number that hashed_uniform() returns, by the same integers."""
        code = self._code
        mixed = code.constant(0, "i64")
        for operand in of:
            bits = code.bits(self._number(operand))
            if self.type == "float":
                bits = code.emit("i64", f"zext i32 {bits.name} to i64")
            mixed = (mixed ^ bits) + _signed(SPLITMIX_STEP)
            for shift, factor in SPLITMIX_ROUNDS:
                mixed = mixed ^ (mixed >> shift)
                mixed = mixed * _signed(factor) if factor != 1 else mixed
        count = UNIFORM_BITS["float64" if self.type == "double" else "float32"]
        # Signed is quicker to convert, and the same: the highest bit is 0.
        whole = code.emit(self.type, f"sitofp i64 {(mixed >> (64 - count)).name} to {self.type}")
        return whole * 2.0**-count

    def _number(self, operand: ScalarOperand) -> SsaValue:
        """Return the operand in the type of the ops; true is 1."""
        if isinstance(operand, SsaValue) and operand.is_bool:
            return self._code.emit(self.type, f"uitofp i1 {operand.name} to {self.type}")
        return SsaValue(self._code, self.text(operand), self.type)

    def _condition(self, operand: ScalarOperand) -> SsaValue:
        """Return the operand as a condition: every number but 0 is true, NaN too, as in NumPy."""
        if not isinstance(operand, SsaValue):
            return self._code.constant(operand != 0.0, "i1")
        if operand.is_bool:
            return SsaValue(self._code, operand.name, "i1")
        return self._code.compare("une", self._number(operand), 0.0)

    def _arithmetic(self, instruction: str, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        flags = " reassoc" if self._joins else ""
        return self._code.operation(instruction, self._number(a), self._number(b), flags)

    def _intrinsic(self, name: str, *operands: ScalarOperand) -> SsaValue:
        numbers = [self._number(operand) for operand in operands]
        return self._code.call(f"llvm.{name}.{SUFFIX[self.type]}", *numbers)

    def _extreme(self, op: str, first_wins: str, a: ScalarOperand, b: ScalarOperand) -> SsaValue:
        """Return the larger or smaller operand; NaN where either is NaN, at a tie the first."""
        if self._joins:  # the form that LLVM knows how to split into partial results
            return self._intrinsic(op, a, b)
        code, x, y = self._code, self._number(a), self._number(b)
        # "Unordered or greater" gives x when x is NaN, and also when y is, which is put right after.
        best = code.select(code.compare(first_wins, x, y), x, y)
        if not isinstance(b, SsaValue) and not math.isnan(b):
            return best
        return code.select(code.compare("uno", y, 0.0), y, best)

    def _function(self, op: str, a: ScalarOperand) -> SsaValue:
        self.used.add(op)
        return self._code.call(function_name(op, self.type), self._number(a))

    def _general_power(self, x: SsaValue, exponent: float) -> SsaValue:
        """Return x^exponent by libm, entry after entry.

        A float goes through double: more exact, and powf need not be found.
        """
        if self.type == "double":
            return self._code.call("llvm.pow.f64", x, self._code.constant(exponent, "double"))
        wide = self._code.emit("double", f"fpext float {x.name} to double")
        result = self._code.call("llvm.pow.f64", wide, self._code.constant(exponent, "double"))
        return self._code.emit("float", f"fptrunc double {result.name} to float")


def _signed(word: int) -> int:
    """Return the 64 bits as LLVM's text has them."""
    return word - (1 << 64) if word >> 63 else word
