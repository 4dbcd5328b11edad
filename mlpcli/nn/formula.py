"""Formulas: a text becomes a node. Python's `ast` reads the syntax; the names are a closed list; nothing is
evaluated.

Arithmetic of numbers is done in float64 when the formula is read, so that a division by 0 and the like are
faults of the formula; all else becomes nodes.
"""

from __future__ import annotations

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields
from functools import reduce
from types import MappingProxyType
from typing import Any

import numpy as np

from mlpcli.errors import SettingError, nearest
from mlpcli.graph.node import Node, constant, topological
from mlpcli.nn.activation import Activation
from mlpcli.nn.activations import ACTIVATIONS
from mlpcli.nn.formula_text import at, syntax_tree
from mlpcli.nn.stable import use_logit_forms
from mlpcli.ops import elementwise as ops
from mlpcli.ops.scalar_ops import NumpyScalarOps

_Value = Node | float
NOTHING: Mapping[str, Node] = MappingProxyType({})
LARGEST_EXPONENT = 64
"""Largest size of an exponent: x**64 is beyond float64 for x above 65 536."""


@dataclass(frozen=True)
class FormulaFunction:
    """A function that a formula may call. build: nodes -> node; arguments at the places in `numbers` stay
    numbers.
    """

    arguments: str
    build: Callable[..., Node]
    numbers: tuple[int, ...] = ()
    more: bool = False
    """It takes any number of further arguments."""


def _fold(op: Any) -> Callable[..., Node]:
    return lambda *values: reduce(op, values)


FUNCTIONS: Mapping[str, FormulaFunction] = {
    "abs": FormulaFunction("x", ops.absolute),
    "clip": FormulaFunction("x, low, high", lambda x, low, high: ops.clip(x, low=low, high=high), (1, 2)),
    "erf": FormulaFunction("x", lambda x: ops.normal_cdf(x * math.sqrt(2.0)) * 2.0 - 1.0),
    "exp": FormulaFunction("x", ops.exp),
    "expm1": FormulaFunction("x", ops.expm1),
    "log": FormulaFunction("x", ops.log),
    "log1p": FormulaFunction("x", ops.log1p),
    "max": FormulaFunction("a, b", _fold(ops.maximum), more=True),
    "min": FormulaFunction("a, b", _fold(ops.minimum), more=True),
    "normal_cdf": FormulaFunction("x", ops.normal_cdf),
    "sign": FormulaFunction("x", ops.sign),
    "sqrt": FormulaFunction("x", ops.sqrt),
    "where": FormulaFunction("condition, a, b", ops.where),
}
"""Beside these, every activation that is elementwise, has no arrays of its own and needs no setting."""
NUMBERS: Mapping[str, float] = {"pi": math.pi, "e": math.e}
OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
}
COMPARISONS: Mapping[type, Callable[[Node, Node], Node]] = {
    ast.Gt: ops.greater,
    ast.GtE: ops.greater_equal,
    ast.Lt: lambda a, b: ops.greater(b, a),
    ast.LtE: lambda a, b: ops.greater_equal(b, a),
}


def read_formula(
    text: object, names: Mapping[str, Node], given: Mapping[str, Node] = NOTHING, key: str = "formula"
) -> Node:
    """Return the node that the formula means, logarithms of sigmoids and the like in their stable forms.

    names: what is trained, or computed from that: a gradient has to pass to each. given: what is not. All of
    them have to be in the formula. Raises SettingError with the column.
    """
    every = {**names, **given}
    reader = _Reader(every, key)
    try:
        result = reader.value(syntax_tree(text, key))
    except RecursionError:
        raise SettingError(
            key, "The formula is nested too deeply.", "Write it with fewer brackets."
        ) from None
    used = set(topological([result])) if isinstance(result, Node) else set()
    for name, node in every.items():
        if node not in used:
            raise SettingError(key, f"{name} is not in the formula.", "Use it, or leave it out.")
    assert isinstance(result, Node)
    _check_gradient(result, names, key)
    return use_logit_forms(result)


def _check_gradient(result: Node, names: Mapping[str, Node], key: str) -> None:
    """Raise SettingError where no gradient passes from the result to one of these."""
    reached = {result}
    for node in reversed(topological([result])):
        if node in reached:
            passes = zip(node.inputs, node.op.derivative, strict=False)
            reached.update(source for source, derivative in passes if derivative is not None)
    for name, node in names.items():
        if node not in reached:
            what = f"No gradient passes through the formula to {name}: comparisons and sign have none."
            raise SettingError(key, what, f"Use {name} outside of them, too.")


def is_word(name: str) -> bool:
    """Return whether a name already has a meaning in formulas."""
    return name in FUNCTIONS or name in NUMBERS or name in ACTIVATIONS


def functions() -> list[str]:
    """Return the names of every function a formula may use, for messages and pages."""
    return sorted({*FUNCTIONS, *(name for name in ACTIVATIONS if _activation(name) is not None)})


def _activation(name: str) -> Activation | None:
    """Return an activation with its defaults where it is a function of one number, else None."""
    if name not in ACTIVATIONS:
        return None
    kind = ACTIVATIONS[name]
    if any(each.default is MISSING and each.default_factory is MISSING for each in fields(kind)):
        return None
    made = kind()
    plain = made.elementwise and not made.trained(1) and made.linear_outputs(1) == 1
    return made if plain else None


class _Reader:
    """A reader of one formula."""

    def __init__(self, names: Mapping[str, Node], key: str) -> None:
        self.names, self.key = names, key
        self.dtype = next(iter(names.values())).dtype

    def refuse(self, tree: Any, what: str, remedy: str = "") -> SettingError:
        return at(self.key, getattr(tree, "col_offset", 0) + 1, what, remedy)

    def node(self, value: _Value) -> Node:
        return value if isinstance(value, Node) else constant(value, self.dtype)

    def value(self, tree: ast.expr) -> _Value:
        """Return a number, or a node of the graph."""
        if isinstance(tree, ast.Constant):
            return self.number(tree, tree.value)
        if isinstance(tree, ast.Name):
            return self.name(tree)
        if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, (ast.USub, ast.UAdd)):
            value = self.value(tree.operand)
            return -value if isinstance(tree.op, ast.USub) else value
        if isinstance(tree, ast.BinOp):
            return self.binary(tree, self.value(tree.left), self.value(tree.right))
        if isinstance(tree, ast.Call):
            return self.call(tree)
        if isinstance(tree, ast.Compare):
            what = "a comparison is no number."
            raise self.refuse(tree, what, "Put it in where(condition, a, b).")
        if isinstance(tree, ast.Tuple):
            what = "a comma stands only between the arguments of a function."
            raise self.refuse(tree, what, "The decimal sign is a point.")
        raise self.refuse(tree, "this is not allowed in a formula.")

    def number(self, tree: ast.expr, number: Any) -> float:
        """Return a number as a float. Raises SettingError for what is none, or is not finite."""
        try:
            value = float(number) if isinstance(number, (int, float)) else math.nan
        except OverflowError:
            value = math.inf
        if not math.isfinite(value):
            raise self.refuse(tree, "this is not a finite number.")
        return value

    def name(self, tree: ast.Name) -> _Value:
        name = tree.id
        if name in self.names:
            return self.names[name]
        if name in NUMBERS:
            return NUMBERS[name]
        if name in FUNCTIONS or name in ACTIVATIONS:
            raise self.refuse(tree, f"{name} is a function.", f"Write {name}(…).")
        known = [*self.names, *NUMBERS, *functions()]
        remedy = f"{nearest(name, known, len(known))} A number of your own: parameters: {{{name}: 0.25}}."
        raise self.refuse(tree, f"{name!r} is not known here.", remedy)

    def binary(self, tree: ast.BinOp, a: _Value, b: _Value) -> _Value:
        if isinstance(tree.op, ast.Pow):
            return self.power(tree, a, b)
        operator = OPERATORS.get(type(tree.op))
        if operator is None:
            raise self.refuse(tree, "this operator is not allowed.", "There are + - * / and **.")
        if isinstance(tree.op, ast.Div) and b == 0.0:
            raise self.refuse(tree.right, "this is a division by 0.")
        result = operator(a, b)
        return result if isinstance(result, Node) else self.number(tree, result)

    def power(self, tree: ast.BinOp, a: _Value, b: _Value) -> _Value:
        """Return a power of which one of the two is a number: a fixed exponent, or a fixed base above 0."""
        if isinstance(b, Node):
            if isinstance(a, Node) or a <= 0.0:
                what = "the exponent is not a number, and the base is not one above 0."
                raise self.refuse(tree.right, what, "Write exp(b * log(a)), for a above 0.")
            return ops.exp(b * math.log(a))
        if isinstance(a, Node):
            if abs(b) > LARGEST_EXPONENT:
                what = f"the exponent is out of range: expected {-LARGEST_EXPONENT} to {LARGEST_EXPONENT}."
                raise self.refuse(tree.right, what)
            return 1.0 if b == 0.0 else a if b == 1.0 else a**b
        try:
            return self.number(tree, math.pow(a, b))
        except (ValueError, OverflowError):
            raise self.refuse(tree, "this is not a finite number.") from None

    def condition(self, tree: ast.expr) -> Node:
        """Return the comparison of two values."""
        if not isinstance(tree, ast.Compare):
            raise self.refuse(tree, "this is not a comparison.", "A condition is like x > 0.")
        if len(tree.ops) > 1:
            what = "this compares more than two values."
            raise self.refuse(tree, what, "Write where(x > 0, where(x < 1, a, b), b).")
        compare = COMPARISONS.get(type(tree.ops[0]))
        if compare is None:
            raise self.refuse(tree, "this comparison is not allowed.", "There are <, <=, > and >=.")
        return compare(self.node(self.value(tree.left)), self.node(self.value(tree.comparators[0])))

    def call(self, tree: ast.Call) -> _Value:
        function = self.function(tree.func)
        if tree.keywords or any(isinstance(argument, ast.Starred) for argument in tree.args):
            raise self.refuse(tree, "arguments are given by their place alone.")
        name = ast.unparse(tree.func)
        least = len(function.arguments.split(", "))
        if len(tree.args) < least or (len(tree.args) > least and not function.more):
            written = f"{name}({function.arguments}{', …' if function.more else ''})"
            what = f"{name} is given {len(tree.args)} argument{'' if len(tree.args) == 1 else 's'}."
            raise self.refuse(tree, what, f"Write {written}.")
        values: list[_Value] = []
        for place, argument in enumerate(tree.args):
            if function.build is ops.where and place == 0:
                values.append(self.condition(argument))
                continue
            value = self.value(argument)
            if place in function.numbers and isinstance(value, Node):
                raise self.refuse(argument, "this has to be a number.", "For values there are min and max.")
            values.append(value)
        if name == "clip" and not values[1] <= values[2]:  # type: ignore[operator]
            raise self.refuse(tree.args[1], "the lower bound is above the upper one.")
        if all(isinstance(value, float) for value in values):
            return self.number(tree, _computed(function, values))
        return function.build(
            *(self.node(v) if i not in function.numbers else v for i, v in enumerate(values))
        )

    def function(self, tree: ast.expr) -> FormulaFunction:
        if not isinstance(tree, ast.Name):
            raise self.refuse(tree, "this is not a function.", "Write * to multiply.")
        name = tree.id
        if name in FUNCTIONS:
            return FUNCTIONS[name]
        if name in self.names or name in NUMBERS:
            raise self.refuse(tree, f"{name} is not a function.", f"Write * to multiply: {name} * (…).")
        activation = _activation(name)
        if activation is not None:
            return FormulaFunction("x", activation)
        known = functions()
        if name in ACTIVATIONS:
            what = f"{name} cannot stand in a formula: it is not a function of one number."
            raise self.refuse(tree, what, nearest("", known, len(known)))
        raise self.refuse(tree, f"{name!r} is not a known function.", nearest(name, known, len(known)))


def _computed(function: FormulaFunction, given: Sequence[Any]) -> float:
    """Return the value of a function of numbers, in float64."""
    numbers = function.numbers
    result = function.build(*(g if i in numbers else constant(g) for i, g in enumerate(given)))
    values: dict[Node, Any] = {}
    with np.errstate(all="ignore"):
        for node in topological([result]):
            if node.op.formula is None:  # a constant
                values[node] = node.value
            else:
                inputs = (values[each] for each in node.inputs)
                values[node] = node.op.formula(NumpyScalarOps(), *inputs, **dict(node.attributes))
    return float(values[result])
