"""exp, expm1, log, log1p and tanh as LLVM functions without branches, so that a loop around them becomes
vector code. Within 1.5 units in the last place everywhere, with joined products (contract) and without.

Method: W. J. Cody, W. Waite, Software Manual for the Elementary Functions, 1980, for the reductions;
the arrangement of the logarithms is that of fdlibm, Sun Microsystems 1993, e_log.c and s_log1p.c.
The polynomials are computed by tests/oracles/make_word_polynomials.py.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from mlpcli.execute.native.codegen.instructions import SUFFIX, InstructionWriter, SsaValue


@dataclass(frozen=True, kw_only=True)
class Format:
    """A binary floating-point type, and approximations good to its precision."""

    type: str
    mantissa_bits: int
    bias: int
    smallest_normal: float
    sqrt_half_bits: int
    """√½ as an integer: mantissas are taken from [√½, √2)."""
    ln2: tuple[float, float]
    """Head and rest; the head times any exponent is exact."""
    exp_range: tuple[float, float]
    """e^x is 0 below and infinite above."""
    expm1_lowest: float
    """e^x - 1 rounds to -1 below."""
    exp_tail: tuple[float, ...]
    """(e^r - 1 - r) / r² on |r| <= ln 2 / 2, lowest power first."""
    log_tail: tuple[float, ...]
    """(2·atanh(s) - 2s) / s³ as a polynomial in s², on |s| <= 3 - 2·√2."""

    @property
    def one_bits(self) -> int:
        return self.bias << self.mantissa_bits

    @property
    def mantissa_mask(self) -> int:
        return (1 << self.mantissa_bits) - 1


DOUBLE = Format(
    type="double",
    mantissa_bits=52,
    bias=1023,
    smallest_normal=2.0**-1022,
    sqrt_half_bits=0x3FE6A09E667F3BCD,
    ln2=(0.6931471805598903, 5.497923018708371e-14),
    exp_range=(-746.0, 710.0),
    expm1_lowest=-40.0,
    exp_tail=(
        0.5, 0.16666666666666677, 0.041666666666666505, 0.008333333333321608, 0.0013888888888962912,
        0.00019841269886207888, 2.480158717181742e-05, 2.75572441041757e-06, 2.7557402960896976e-07,
        2.5109081424871223e-08, 2.0875322781728217e-09,
    ),
    log_tail=(
        0.6666666666666734, 0.3999999999941434, 0.28571428742472477, 0.22222198563643672,
        0.18183564861760732, 0.15314035898407763, 0.1479610528747865,
    ),
)  # fmt: skip
SINGLE = Format(
    type="float",
    mantissa_bits=23,
    bias=127,
    smallest_normal=2.0**-126,
    sqrt_half_bits=0x3F3504F3,
    ln2=(0.693145751953125, 1.428606765330187e-06),
    exp_range=(-104.0, 89.0),
    expm1_lowest=-18.0,
    exp_tail=(
        0.5, 0.1666666567325592, 0.04166635870933533, 0.008333389647305012, 0.0013940720818936825,
        0.00019845909264404327,
    ),
    log_tail=(0.6666677594184875, 0.39977535605430603, 0.2987186014652252),
)  # fmt: skip
FORMATS = {"double": DOUBLE, "float": SINGLE}
_Body = Callable[[InstructionWriter, Format, SsaValue], SsaValue]


def function_name(op: str, type: str) -> str:
    """Return the name of the function behind a scalar op."""
    return f"mlp_{op}_{SUFFIX[type]}"


def declarations(*types: str) -> str:
    """Return the declarations of the intrinsics that scalar ops of those types call, one per line."""
    lines = ["declare double @llvm.pow.f64(double, double)", "declare i64 @llvm.umin.i64(i64, i64)"]
    for type in types:
        suffix = SUFFIX[type]
        lines += [f"declare {type} @llvm.{name}.{suffix}({type})" for name in ("fabs", "sqrt")]
        lines += [
            f"declare {type} @llvm.{name}.{suffix}({type}, {type})"
            for name in ("copysign", "maximum", "minimum")
        ]
    return "\n".join(lines) + "\n"


def definitions(type: str, ops: Iterable[str], *, contract: bool = True) -> str:
    """Return the functions behind those scalar ops, to be written once in a module.

    contract: use joined multiply-add where the machine has it, a third quicker; without it the results have
    the same bits on every machine.
    """
    return "\n".join(_definition(FORMATS[type], op, contract) for op in sorted(ops))


def _definition(form: Format, op: str, contract: bool) -> str:
    code = InstructionWriter([], contract=contract)
    result = FUNCTIONS[op](code, form, SsaValue(code, "%x", form.type))
    head = f"define internal {form.type} @{function_name(op, form.type)}({form.type} %x)"
    lines = (f"{head} alwaysinline nounwind {{", *code.lines, f"  ret {form.type} {result.name}", "}\n")
    return "\n".join(lines)


def _polynomial(x: SsaValue, coefficients: Sequence[float]) -> SsaValue:
    """Evaluate a polynomial; its coefficients begin with the lowest power.

    Horner's rule on x² for the even and the odd powers: two short chains that run side by side, where one
    long chain would keep a single row of a small network waiting.
    """
    if len(coefficients) <= 3:
        return _horner(x, coefficients)
    square = x * x
    return _horner(square, coefficients[1::2]) * x + _horner(square, coefficients[::2])


def _horner(x: SsaValue, coefficients: Sequence[float]) -> SsaValue:
    total = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total = total * x + coefficient
    return total


def _integer_part(form: Format, x: SsaValue, offset: int, step: int = 1) -> tuple[SsaValue, SsaValue]:
    """Return x rounded to a multiple of `step` (1 or 2), and a float whose low bits hold that multiple +
    offset.

    Adding 1.5·2^mantissa_bits pushes the fraction out; it needs no conversion, which AVX2 lacks for i64.
    """
    shift = step * (1.5 * 2.0**form.mantissa_bits + offset)
    pushed = x + shift
    return pushed - shift, pushed


def _two_to_the(code: InstructionWriter, form: Format, low_bits: SsaValue) -> SsaValue:
    """Return 2^k from an integer whose low bits hold k + bias; the higher bits fall off."""
    return code.from_bits(low_bits << form.mantissa_bits)


def _reduce_exp(form: Format, x: SsaValue, offset: int) -> tuple[SsaValue, SsaValue, SsaValue, SsaValue]:
    """Return k, the float that holds k + offset, head and rest of r: x = k·ln 2 + r, |r| <= ln 2 / 2."""
    k, pushed = _integer_part(form, x * (1.0 / math.log(2.0)), offset)
    high = x - k * form.ln2[0]
    low = k * form.ln2[1]
    r = high - low
    return k, pushed, r, (high - r) - low


def _exp(code: InstructionWriter, form: Format, x: SsaValue) -> SsaValue:
    lowest, highest = form.exp_range
    x = code.select(code.compare("ogt", x, highest), highest, x)  # NaN stays
    x = code.select(code.compare("olt", x, lowest), lowest, x)
    k, pushed, r, _ = _reduce_exp(form, x, 2 * form.bias)
    power = (_polynomial(r, form.exp_tail) * (r * r) + r) + 1.0
    # 2^k may be too large or too small for the type although e^x is not: 2^(k/2) twice. The second
    # product is the only one that rounds, to a subnormal number, to infinity or not at all.
    _, pushed_half = _integer_part(form, k, form.bias, step=2)
    half = code.bits(pushed_half)
    other_half = code.bits(pushed) - half
    return power * _two_to_the(code, form, half) * _two_to_the(code, form, other_half)


def _scaled_expm1(
    code: InstructionWriter, form: Format, x: SsaValue, scale: float
) -> tuple[SsaValue, SsaValue]:
    """Return scale·(e^x - 1) as the sum of a head and a smaller number; scale is 1 or ½."""
    _, pushed, r, rest = _reduce_exp(form, x, form.bias + (0 if scale == 1.0 else -1))
    power = _two_to_the(code, form, code.bits(pushed))
    large, small = power - scale, power * r
    # |large| >= |small| or large is 0, so this sum is exact: Dekker 1971, Numerische Mathematik 18.
    total = large + small
    lost = small - (total - large)
    return total, (_polynomial(r, form.exp_tail) * (r * r) + rest) * power + lost


def _expm1(code: InstructionWriter, form: Format, x: SsaValue) -> SsaValue:
    highest = form.exp_range[1]
    y = code.select(code.compare("ogt", x, highest), highest, x)
    y = code.select(code.compare("olt", y, form.expm1_lowest), form.expm1_lowest, y)
    # Half the result: 2^1024 is no double, though e^x - 1 with k = 1024 may be one.
    head, rest = _scaled_expm1(code, form, y, 0.5)
    return _keep_tiny(code, form, x, (head + rest) * 2.0)


def _keep_tiny(code: InstructionWriter, form: Format, x: SsaValue, result: SsaValue) -> SsaValue:
    """Return x itself where |x| is so small that the function is x: this keeps -0 and subnormal numbers."""
    size = code.call(f"llvm.fabs.{SUFFIX[form.type]}", x)
    return code.select(code.compare("olt", size, 2.0 ** -(form.mantissa_bits + 2)), x, result)


def _tanh(code: InstructionWriter, form: Format, x: SsaValue) -> SsaValue:
    """Compute -tanh |x| = m / (m + 2) with m = e^(-2|x|) - 1, in (-1, 0]; then give it the sign of x."""
    y = code.call(f"llvm.fabs.{SUFFIX[form.type]}", x) * -2.0
    y = code.select(code.compare("olt", y, form.expm1_lowest), form.expm1_lowest, y)
    head, rest = _scaled_expm1(code, form, y, 1.0)
    m = head + rest
    divisor = m + 2.0
    quotient = m / divisor
    # What the two sums lost; without it up to 2.5 units. 1/divisor is (1 - quotient)/2.
    m_lost = rest - (m - head)
    divisor_lost = (m - (divisor - 2.0)) + m_lost
    result = quotient + (m_lost - quotient * divisor_lost) * ((1.0 - quotient) * 0.5)
    return code.call(f"llvm.copysign.{SUFFIX[form.type]}", result, x)


def _log(code: InstructionWriter, form: Format, x: SsaValue) -> SsaValue:
    tiny = code.compare("olt", x, form.smallest_normal)
    raised = code.select(tiny, x * 2.0 ** (form.mantissa_bits + 2), x)
    mantissa, exponent = _split(code, form, raised)
    k = code.select(tiny, exponent - (form.mantissa_bits + 2), exponent)
    return _log_edges(code, x, _log_of_parts(form, mantissa - 1.0, None, k))


def _log1p(code: InstructionWriter, form: Format, x: SsaValue) -> SsaValue:
    u = x + 1.0
    # What the sum lost, whichever of x and 1 is larger: Knuth, The Art of Computer Programming 2, 4.2.2.
    part = u - 1.0
    lost = (1.0 - (u - part)) + (x - part)
    mantissa, k = _split(code, form, u)
    shrink = code.from_bits(code.bits(mantissa) - code.bits(u) + form.one_bits)
    # Far from 1 the loss no longer counts, and 2^-k may be no normal number.
    lost = code.select(code.compare("olt", x, 2.0 ** (form.mantissa_bits + 2)), lost * shrink, 0.0)
    head = mantissa - 1.0
    f = head + lost
    rest = lost - (f - head)
    result = _log_edges(code, u, _log_of_parts(form, f, rest, k))
    return _keep_tiny(code, form, x, result)


def _split(code: InstructionWriter, form: Format, x: SsaValue) -> tuple[SsaValue, SsaValue]:
    """Return m in [√½, √2) and k with x = m·2^k, for x positive and normal."""
    shifted = code.bits(x) + (form.one_bits - form.sqrt_half_bits)
    mantissa = code.from_bits((shifted & form.mantissa_mask) + form.sqrt_half_bits)
    # The exponent becomes the low bits of 2^mantissa_bits: a float without a conversion.
    ruler = 2.0**form.mantissa_bits
    ruler_bits = (form.bias + form.mantissa_bits) << form.mantissa_bits
    exponent = code.from_bits((shifted >> form.mantissa_bits) | ruler_bits)
    return mantissa, exponent - (ruler + form.bias)


def _log_of_parts(form: Format, f: SsaValue, rest: SsaValue | None, k: SsaValue) -> SsaValue:
    """Return log(1 + f + rest) + k·ln 2: with s = f/(2 + f), log(1 + f) = 2·atanh(s) = f - f²/2 + s·(f²/2 +
    …).
    """
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    correction = k * form.ln2[1]
    if rest is not None:  # rest/(1 + f), to first order: it is at most half a unit of f
        correction = correction + (rest - rest * f)
    inner = s * (half_square + z * _polynomial(z, form.log_tail)) + correction
    return k * form.ln2[0] - ((half_square - inner) - f)


def _log_edges(code: InstructionWriter, x: SsaValue, result: SsaValue) -> SsaValue:
    """Correct a logarithm at the edges: -inf at 0, NaN below and at NaN, inf at inf."""
    edge = code.select(code.compare("oeq", x, 0.0), code.constant(-math.inf, x.type), math.nan)
    result = code.select(code.compare("ogt", x, 0.0), result, edge)
    return code.select(code.compare("oeq", x, math.inf), x, result)


FUNCTIONS: dict[str, _Body] = {"exp": _exp, "expm1": _expm1, "log": _log, "log1p": _log1p, "tanh": _tanh}
