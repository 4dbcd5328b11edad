"""LLVM instructions as text, written by arithmetic on scalars."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import count

INTEGER = {"double": "i64", "float": "i32"}
SUFFIX = {"double": "f64", "float": "f32"}
_OPERATION = {"add": "fadd", "sub": "fsub", "mul": "fmul"}


@dataclass(frozen=True)
class SsaValue:
    """A value in a function that is being written: an SSA name or a constant.

    The operators + - * << >> & | ^ append to its code; a plain number beside it becomes a constant of its
    type.
    """

    code: InstructionWriter = field(repr=False, compare=False)
    name: str
    type: str

    @property
    def is_bool(self) -> bool:
        return self.type == "i1"

    def __add__(self, other: SsaValue | float) -> SsaValue:
        return self.code.arithmetic("add", self, other)

    def __sub__(self, other: SsaValue | float) -> SsaValue:
        return self.code.arithmetic("sub", self, other)

    def __mul__(self, other: SsaValue | float) -> SsaValue:
        return self.code.arithmetic("mul", self, other)

    def __rsub__(self, other: float) -> SsaValue:
        return self.code.constant(other, self.type) - self

    def __truediv__(self, other: SsaValue | float) -> SsaValue:
        return self.code.operation("fdiv", self, other)

    def __lshift__(self, other: int) -> SsaValue:
        return self.code.operation("shl", self, other)

    def __rshift__(self, other: int) -> SsaValue:
        """Shift right; zeros come in from the left."""
        return self.code.operation("lshr", self, other)

    def __and__(self, other: SsaValue | int) -> SsaValue:
        return self.code.operation("and", self, other)

    def __xor__(self, other: SsaValue | int) -> SsaValue:
        return self.code.operation("xor", self, other)

    def __or__(self, other: SsaValue | int) -> SsaValue:
        return self.code.operation("or", self, other)


class InstructionWriter:
    """The instructions of one function, in order, appended to `lines`; names begin with `prefix`.

    contract: let LLVM join a product and a sum to one instruction, with one rounding, where the machine
    has one. No other fast-math flag is ever set: "nnan" would let LLVM assume NaN away.
    """

    def __init__(self, lines: list[str], prefix: str = "%v", *, contract: bool = False) -> None:
        self.lines = lines
        self._prefix = prefix
        self._count = count()
        self._flags = " contract" if contract else ""

    def emit(self, type: str, text: str) -> SsaValue:
        """Append one instruction; return its value, of that type."""
        name = f"{self._prefix}{next(self._count)}"
        self.lines.append(f"  {name} = {text}")
        return SsaValue(self, name, type)

    def constant(self, value: float, type: str) -> SsaValue:
        return SsaValue(self, constant_text(value, type), type)

    def operation(self, name: str, a: SsaValue, b: SsaValue | float, flags: str = "") -> SsaValue:
        return self.emit(a.type, f"{name}{flags} {a.type} {a.name}, {self._text(b, a.type)}")

    def arithmetic(self, name: str, a: SsaValue, b: SsaValue | float) -> SsaValue:
        """Append add, sub or mul, on floats or on integers."""
        if a.type in INTEGER:
            return self.operation(_OPERATION[name], a, b, self._flags)
        return self.operation(name, a, b)

    def compare(self, predicate: str, a: SsaValue, b: SsaValue | float) -> SsaValue:
        return self.emit("i1", f"fcmp {predicate} {a.type} {a.name}, {self._text(b, a.type)}")

    def select(self, condition: SsaValue, a: SsaValue | float, b: SsaValue | float) -> SsaValue:
        """Choose a where the condition holds, else b; at least one of them is an SsaValue."""
        type = next(s.type for s in (a, b) if isinstance(s, SsaValue))
        return self.emit(
            type,
            f"select i1 {condition.name}, {type} {self._text(a, type)}, {type} {self._text(b, type)}",
        )

    def bits(self, value: SsaValue) -> SsaValue:
        """Return the bits of a float as an integer of its size."""
        return self.emit(INTEGER[value.type], f"bitcast {value.type} {value.name} to {INTEGER[value.type]}")

    def from_bits(self, value: SsaValue) -> SsaValue:
        type = "double" if value.type == "i64" else "float"
        return self.emit(type, f"bitcast {value.type} {value.name} to {type}")

    def call(self, function: str, *operands: SsaValue) -> SsaValue:
        """Call a function that takes and returns the type of its first operand."""
        type = operands[0].type
        return self.emit(type, f"call {type} @{function}({', '.join(f'{type} {o.name}' for o in operands)})")

    @staticmethod
    def _text(value: SsaValue | float, type: str) -> str:
        return value.name if isinstance(value, SsaValue) else constant_text(value, type)


def constant_text(value: float, type: str) -> str:
    """Return the number as LLVM reads it, exactly: a float in hexadecimal, as the double that equals it."""
    if type == "i1":
        return "true" if value else "false"
    if type not in INTEGER:
        return str(int(value))
    if type == "float":
        value = round_to_float(value)
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def round_to_float(value: float) -> float:
    """Return the nearest single-precision number; infinity beyond the largest."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
