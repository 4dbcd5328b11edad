"""LLVM instructions as text, written by arithmetic on scalars."""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from itertools import count

INTEGER = {"double": "i64", "float": "i32"}
SUFFIX = {"double": "f64", "float": "f32"}
_OPERATION = {"add": "fadd", "sub": "fsub", "mul": "fmul"}


@dataclass(frozen=True)
class Scalar:
    """A value in a function that is being written: an SSA name or a constant. + - * << >> & | ^ append to
    its code; a plain number beside it becomes a constant of its type.
    """

    code: Code = field(repr=False, compare=False)
    name: str
    type: str

    @property
    def is_bool(self) -> bool:
        return self.type == "i1"

    def __add__(self, other: Scalar | float) -> Scalar:
        return self.code.arithmetic("add", self, other)

    def __sub__(self, other: Scalar | float) -> Scalar:
        return self.code.arithmetic("sub", self, other)

    def __mul__(self, other: Scalar | float) -> Scalar:
        return self.code.arithmetic("mul", self, other)

    def __rsub__(self, other: float) -> Scalar:
        return self.code.constant(other, self.type) - self

    def __truediv__(self, other: Scalar | float) -> Scalar:
        return self.code.operation("fdiv", self, other)

    def __lshift__(self, other: int) -> Scalar:
        return self.code.operation("shl", self, other)

    def __rshift__(self, other: int) -> Scalar:
        """Zeros come in from the left."""
        return self.code.operation("lshr", self, other)

    def __and__(self, other: Scalar | int) -> Scalar:
        return self.code.operation("and", self, other)

    def __xor__(self, other: Scalar | int) -> Scalar:
        return self.code.operation("xor", self, other)

    def __or__(self, other: Scalar | int) -> Scalar:
        return self.code.operation("or", self, other)


class Code:
    """The instructions of one function, in order, appended to `lines`; names begin with `prefix`.

    contract: let LLVM join a product and a sum to one instruction, with one rounding, where the machine
    has one. No other fast-math flag is ever set: "nnan" would let LLVM assume NaN away.
    """

    def __init__(self, lines: list[str], prefix: str = "%v", *, contract: bool = False) -> None:
        self.lines = lines
        self._prefix = prefix
        self._count = count()
        self._flags = " contract" if contract else ""

    def emit(self, type: str, text: str) -> Scalar:
        """A new value of that type, made by one instruction."""
        name = f"{self._prefix}{next(self._count)}"
        self.lines.append(f"  {name} = {text}")
        return Scalar(self, name, type)

    def constant(self, value: float, type: str) -> Scalar:
        return Scalar(self, constant_text(value, type), type)

    def operation(self, name: str, a: Scalar, b: Scalar | float, flags: str = "") -> Scalar:
        return self.emit(a.type, f"{name}{flags} {a.type} {a.name}, {self._text(b, a.type)}")

    def arithmetic(self, name: str, a: Scalar, b: Scalar | float) -> Scalar:
        """add, sub or mul, on floats or on integers."""
        if a.type in INTEGER:
            return self.operation(_OPERATION[name], a, b, self._flags)
        return self.operation(name, a, b)

    def compare(self, predicate: str, a: Scalar, b: Scalar | float) -> Scalar:
        return self.emit("i1", f"fcmp {predicate} {a.type} {a.name}, {self._text(b, a.type)}")

    def select(self, condition: Scalar, a: Scalar | float, b: Scalar | float) -> Scalar:
        """a where the condition holds, else b; at least one of them is a scalar."""
        type = next(s.type for s in (a, b) if isinstance(s, Scalar))
        return self.emit(
            type,
            f"select i1 {condition.name}, {type} {self._text(a, type)}, {type} {self._text(b, type)}",
        )

    def bits(self, value: Scalar) -> Scalar:
        """The float as an integer of its size."""
        return self.emit(INTEGER[value.type], f"bitcast {value.type} {value.name} to {INTEGER[value.type]}")

    def from_bits(self, value: Scalar) -> Scalar:
        type = "double" if value.type == "i64" else "float"
        return self.emit(type, f"bitcast {value.type} {value.name} to {type}")

    def call(self, function: str, *operands: Scalar) -> Scalar:
        """The function takes and gives the type of its first operand."""
        type = operands[0].type
        return self.emit(type, f"call {type} @{function}({', '.join(f'{type} {o.name}' for o in operands)})")

    @staticmethod
    def _text(value: Scalar | float, type: str) -> str:
        return value.name if isinstance(value, Scalar) else constant_text(value, type)


def constant_text(value: float, type: str) -> str:
    """The number, exactly; a float is written in hexadecimal, as the double that equals it."""
    if type == "i1":
        return "true" if value else "false"
    if type not in INTEGER:
        return str(int(value))
    if type == "float":
        value = round_to_float(value)
    return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"


def round_to_float(value: float) -> float:
    """The nearest single, infinity beyond the largest."""
    try:
        return float(struct.unpack("<f", struct.pack("<f", value))[0])
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
