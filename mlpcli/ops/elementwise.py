"""Elementwise ops. Inputs broadcast as in NumPy; grad/ undoes the broadcasting.

Where a derivative does not exist, the side taken is written beside the op.
"""

from __future__ import annotations

import math
from typing import Any

from mlpcli.graph.node import Node, Op, Shape, shape_error
from mlpcli.ops.scalar_ops import ScalarOps


def broadcast_shape(*inputs: Node, op_name: str = "elementwise") -> Shape:
    """Return the common shape; the open batch axis fits itself and 1. Raises ShapeError where two sizes
    differ.
    """
    shape: list[int | None] = []
    for axis in range(1, max(len(i.shape) for i in inputs) + 1):
        sizes = {i.shape[-axis] for i in inputs if len(i.shape) >= axis} - {1}
        if len(sizes) > 1:
            raise shape_error(op_name, inputs, f"axis {-axis} has different sizes.")
        shape.insert(0, sizes.pop() if sizes else 1)
    return tuple(shape)


def _elementwise(name: str, formula: Any, derivative: tuple[Any, ...] = (), **more: Any) -> Op:
    def shape(*inputs: Node, **_attributes: Any) -> Shape:
        return broadcast_shape(*inputs, op_name=name)

    return Op(name, "elementwise", shape, formula=formula, derivative=derivative, **more)


add = _elementwise("add", lambda s, a, b: s.add(a, b), (lambda g, y, a, b: g, lambda g, y, a, b: g))
subtract = _elementwise(
    "subtract", lambda s, a, b: s.subtract(a, b), (lambda g, y, a, b: g, lambda g, y, a, b: -g)
)
multiply = _elementwise(
    "multiply", lambda s, a, b: s.multiply(a, b), (lambda g, y, a, b: g * b, lambda g, y, a, b: g * a)
)
divide = _elementwise(
    "divide", lambda s, a, b: s.divide(a, b), (lambda g, y, a, b: g / b, lambda g, y, a, b: -(g * y) / b)
)


def _is_zero(s: ScalarOps, x: Any) -> Any:
    return s.greater_equal(0.0, s.absolute(x))  # not for NaN


multiply_no_nan: Op = _elementwise(  # a product in a chain rule: 0 times infinity or NaN is 0
    "multiply_no_nan",
    lambda s, a, b: s.where(_is_zero(s, a), 0.0, s.where(_is_zero(s, b), 0.0, s.multiply(a, b))),
    (lambda g, y, a, b: multiply_no_nan(g, b), lambda g, y, a, b: multiply_no_nan(g, a)),
)
xdivy: Op = _elementwise(  # a quotient in a chain rule: 0 divided by 0 or NaN is 0; named as TensorFlow does
    "xdivy",
    lambda s, a, b: s.where(_is_zero(s, a), 0.0, s.divide(a, b)),
    (lambda g, y, a, b: xdivy(g, b), lambda g, y, a, b: -xdivy(multiply_no_nan(g, y), b)),
)
negative = _elementwise("negative", lambda s, x: s.negative(x), (lambda g, y, x: -g,))
power: Op = _elementwise(  # a fixed exponent; x² is a product, exact and quick
    "power",
    lambda s, x, exponent: s.multiply(x, x) if exponent == 2.0 else s.power(x, exponent),
    (
        lambda g, y, x, exponent: (
            g * (exponent * (x if exponent == 2.0 else power(x, exponent=exponent - 1.0)))
        ),
    ),
)
sqrt = _elementwise("sqrt", lambda s, x: s.sqrt(x), (lambda g, y, x: g * 0.5 / y,))
exp = _elementwise("exp", lambda s, x: s.exp(x), (lambda g, y, x: g * y,))
expm1 = _elementwise("expm1", lambda s, x: s.expm1(x), (lambda g, y, x: g * (y + 1.0),))
log = _elementwise("log", lambda s, x: s.log(x), (lambda g, y, x: g / x,))
log1p = _elementwise("log1p", lambda s, x: s.log1p(x), (lambda g, y, x: g / (x + 1.0),))
tanh = _elementwise("tanh", lambda s, x: s.tanh(x), (lambda g, y, x: g * (1.0 - y * y),))
absolute = _elementwise(  # |x|' is 0 at 0
    "absolute",
    lambda s, x: s.absolute(x),
    (lambda g, y, x: g * sign(x),),
    branch=lambda x: sign(x),
)
sign: Op = _elementwise("sign", lambda s, x: s.sign(x), (None,), branch=lambda x: sign(x))
stop_gradient = _elementwise("stop_gradient", lambda s, x: s.add(x, 0.0), (None,))

greater = _elementwise("greater", lambda s, a, b: s.greater(a, b), (None, None), dtype="bool")
greater_equal = _elementwise(
    "greater_equal", lambda s, a, b: s.greater_equal(a, b), (None, None), dtype="bool"
)
inside = _elementwise(  # low < x < high, the edges outside
    "inside",
    lambda s, x, low, high: s.both(s.greater(x, low), s.greater(high, x)),
    (None,),
    dtype="bool",
)


def _where_shape(condition: Node, a: Node, b: Node) -> Shape:
    if condition.dtype != "bool":
        raise shape_error(
            "where", (condition,), "the first operand is not a comparison.", "Use greater(a, b)."
        )
    return broadcast_shape(condition, a, b, op_name="where")


where: Op = Op(
    "where",
    "elementwise",
    _where_shape,
    formula=lambda s, condition, a, b: s.where(condition, a, b),
    derivative=(
        None,
        lambda g, y, condition, a, b: where(condition, g, 0.0),
        lambda g, y, condition, a, b: where(condition, 0.0, g),
    ),
    branch=lambda condition, a, b: where(condition, 1.0, 0.0),
)
maximum = _elementwise(  # a tie goes to the first: maximum(0, x)' is 0 at 0
    "maximum",
    lambda s, a, b: s.maximum(a, b),
    (
        lambda g, y, a, b: where(greater_equal(a, b), g, 0.0),
        lambda g, y, a, b: where(greater_equal(a, b), 0.0, g),
    ),
    branch=lambda a, b: sign(a - b),
)
minimum = _elementwise(  # a tie goes to the first
    "minimum",
    lambda s, a, b: s.minimum(a, b),
    (
        lambda g, y, a, b: where(greater_equal(b, a), g, 0.0),
        lambda g, y, a, b: where(greater_equal(b, a), 0.0, g),
    ),
    branch=lambda a, b: sign(a - b),
)
clip = _elementwise(  # clip' is 0 on both edges
    "clip",
    lambda s, x, low, high: s.minimum(s.maximum(x, low), high),
    (lambda g, y, x, low, high: where(inside(x, low=low, high=high), g, 0.0),),
    branch=lambda x, low, high: sign(x - low) + sign(x - high),
)


def _sigmoid(s: ScalarOps, x: Any) -> Any:
    # e^-x may reach infinity, and 1/(1+inf) is the right limit, 0: small values keep full precision,
    # which 0.5·tanh(x/2)+0.5 does not.
    return s.divide(1.0, s.add(s.exp(s.negative(x)), 1.0))


def _softplus(s: ScalarOps, x: Any) -> Any:
    # log(1+e^x) = max(x, 0) + log(1+e^-|x|) never overflows.
    return s.add(s.log1p(s.exp(s.negative(s.absolute(x)))), s.maximum(x, 0.0))


sigmoid = _elementwise("sigmoid", _sigmoid, (lambda g, y, x: g * (y * (1.0 - y)),))
softplus = _elementwise("softplus", _softplus, (lambda g, y, x: g * sigmoid(x),))

# (1+2z)·e^z²·erfc(z) as a polynomial in (z-3.75)/(z+3.75), z >= 0: the form of Shepherd, Laframboise 1981,
# Math. Comp. 36(153); coefficients interpolated at Chebyshev points in 40 digits, error below 5e-16.
_ERFC = (
    1.2375126308378275, -0.14024059858554522, 0.0035854154854663067, 0.08227673848999159,
    -0.10880393014193915, 0.09230432116435616, -0.058693398584491845, 0.028362277371370044,
    -0.00974657962081509, 0.0017556261692276722, 0.00029371408777227685, -0.0002901553656394713,
    5.164737123871838e-05, 2.238759272534769e-05, -1.143961526007595e-05, -9.79297529099823e-07,
    1.7438577411359181e-06, -5.0816911811698186e-08, -2.4996538037405243e-07, 1.8778501156468795e-08,
    3.256499083798513e-08, -1.952790162974837e-09, -2.7293941332533855e-09,
)  # fmt: skip


def _normal_cdf(s: ScalarOps, x: Any) -> Any:
    # Beyond 40 the tail is 0 in float64; the limit keeps e^-z² and the quotient finite at infinity.
    z = s.minimum(s.multiply(s.absolute(x), math.sqrt(0.5)), 40.0)
    u = s.divide(s.subtract(z, 3.75), s.add(z, 3.75))
    total: Any = s.multiply(u, _ERFC[-1])
    for coefficient in _ERFC[-2:0:-1]:
        total = s.multiply(s.add(total, coefficient), u)
    total = s.add(total, _ERFC[0])
    gauss = s.exp(s.negative(s.multiply(z, z)))
    tail = s.multiply(s.divide(s.multiply(total, gauss), s.add(s.multiply(z, 2.0), 1.0)), 0.5)
    # x + |x| - … would lose NaN; where keeps it, since the tail of NaN is NaN.
    return s.where(s.greater(x, 0.0), s.subtract(1.0, tail), tail)


normal_cdf = _elementwise(  # Φ(x) = erfc(-x/√2)/2
    "normal_cdf",
    _normal_cdf,
    (lambda g, y, x: g * (exp(x * x * -0.5) * (1.0 / math.sqrt(2.0 * math.pi))),),
)

uniform = _elementwise(  # in [0, 1): follows from the bits of five operands, see hashed_uniform()
    "uniform", lambda s, *of: s.uniform(*of), (None,) * 5
)
