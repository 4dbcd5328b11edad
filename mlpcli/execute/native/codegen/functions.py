"""exp, expm1, log, log1p and tanh as LLVM functions without branches, so that a loop around them becomes
vector code. Within 1.5 units in the last place everywhere, with joined products (contract) and without.

Method: W. J. Cody, W. Waite, Software Manual for the Elementary Functions, 1980, for the reductions;
the arrangement of the logarithms is that of fdlibm, Sun Microsystems 1993, e_log.c and s_log1p.c.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

from mlpcli.execute.native.codegen.instructions import SUFFIX, Code, Scalar
from mlpcli.execute.native.codegen.polynomials import FORMATS, Format

Body = Callable[[Code, Format, Scalar], Scalar]


def function_name(word: str, type: str) -> str:
    return f"mlp_{word}_{SUFFIX[type]}"


def declarations(*types: str) -> str:
    """The intrinsics that words and functions of those types call, one per line."""
    lines = ["declare double @llvm.pow.f64(double, double)", "declare i64 @llvm.umin.i64(i64, i64)"]
    for type in types:
        suffix = SUFFIX[type]
        lines += [f"declare {type} @llvm.{name}.{suffix}({type})" for name in ("fabs", "sqrt")]
        lines += [
            f"declare {type} @llvm.{name}.{suffix}({type}, {type})"
            for name in ("copysign", "maximum", "minimum")
        ]
    return "\n".join(lines) + "\n"


def definitions(type: str, words: Iterable[str], *, contract: bool = True) -> str:
    """The functions behind those words, to be written once in a module.

    contract: use joined multiply-add where the machine has it, a third quicker; without it the results have
    the same bits on every machine.
    """
    return "\n".join(_definition(FORMATS[type], word, contract) for word in sorted(words))


def _definition(form: Format, word: str, contract: bool) -> str:
    code = Code([], contract=contract)
    result = FUNCTIONS[word](code, form, Scalar(code, "%x", form.type))
    head = f"define internal {form.type} @{function_name(word, form.type)}({form.type} %x)"
    lines = (f"{head} alwaysinline nounwind {{", *code.lines, f"  ret {form.type} {result.name}", "}\n")
    return "\n".join(lines)


def _polynomial(x: Scalar, coefficients: Sequence[float]) -> Scalar:
    """Lowest power first. Horner's rule on x² for the even and the odd powers: two short chains that run
    side by side, where one long chain would keep a single row of a small network waiting.
    """
    if len(coefficients) <= 3:
        return _horner(x, coefficients)
    square = x * x
    return _horner(square, coefficients[1::2]) * x + _horner(square, coefficients[::2])


def _horner(x: Scalar, coefficients: Sequence[float]) -> Scalar:
    total = x * coefficients[-1] + coefficients[-2]
    for coefficient in coefficients[-3::-1]:
        total = total * x + coefficient
    return total


def _integer_part(form: Format, x: Scalar, offset: int, step: int = 1) -> tuple[Scalar, Scalar]:
    """x rounded to a multiple of `step` (1 or 2), and a float whose low bits hold that multiple + offset.

    Adding 1.5·2^mantissa_bits pushes the fraction out; it needs no conversion, which AVX2 lacks for i64.
    """
    shift = step * (1.5 * 2.0**form.mantissa_bits + offset)
    pushed = x + shift
    return pushed - shift, pushed


def _two_to_the(code: Code, form: Format, low_bits: Scalar) -> Scalar:
    """2^k from an integer whose low bits hold k + bias; the higher bits fall off."""
    return code.from_bits(low_bits << form.mantissa_bits)


def _reduce_exp(form: Format, x: Scalar, offset: int) -> tuple[Scalar, Scalar, Scalar, Scalar]:
    """k, the float that holds k + offset, head and rest of r: x = k·ln 2 + r, |r| <= ln 2 / 2."""
    k, pushed = _integer_part(form, x * (1.0 / math.log(2.0)), offset)
    high = x - k * form.ln2[0]
    low = k * form.ln2[1]
    r = high - low
    return k, pushed, r, (high - r) - low


def _exp(code: Code, form: Format, x: Scalar) -> Scalar:
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


def _scaled_expm1(code: Code, form: Format, x: Scalar, scale: float) -> tuple[Scalar, Scalar]:
    """scale·(e^x - 1) as the sum of a head and a smaller number; scale is 1 or ½."""
    _, pushed, r, rest = _reduce_exp(form, x, form.bias + (0 if scale == 1.0 else -1))
    power = _two_to_the(code, form, code.bits(pushed))
    large, small = power - scale, power * r
    # |large| >= |small| or large is 0, so this sum is exact: Dekker 1971, Numerische Mathematik 18.
    total = large + small
    lost = small - (total - large)
    return total, (_polynomial(r, form.exp_tail) * (r * r) + rest) * power + lost


def _expm1(code: Code, form: Format, x: Scalar) -> Scalar:
    highest = form.exp_range[1]
    y = code.select(code.compare("ogt", x, highest), highest, x)
    y = code.select(code.compare("olt", y, form.expm1_lowest), form.expm1_lowest, y)
    # Half the result: 2^1024 is no double, though e^x - 1 with k = 1024 may be one.
    head, rest = _scaled_expm1(code, form, y, 0.5)
    return _keep_tiny(code, form, x, (head + rest) * 2.0)


def _keep_tiny(code: Code, form: Format, x: Scalar, result: Scalar) -> Scalar:
    """x itself where |x| is so small that the function is x: keeps -0 and subnormal numbers."""
    size = code.call(f"llvm.fabs.{SUFFIX[form.type]}", x)
    return code.select(code.compare("olt", size, 2.0 ** -(form.mantissa_bits + 2)), x, result)


def _tanh(code: Code, form: Format, x: Scalar) -> Scalar:
    """-tanh |x| = m / (m + 2) with m = e^(-2|x|) - 1, in (-1, 0]; then the sign of x."""
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


def _log(code: Code, form: Format, x: Scalar) -> Scalar:
    tiny = code.compare("olt", x, form.smallest_normal)
    raised = code.select(tiny, x * 2.0 ** (form.mantissa_bits + 2), x)
    mantissa, exponent = _split(code, form, raised)
    k = code.select(tiny, exponent - (form.mantissa_bits + 2), exponent)
    return _log_edges(code, x, _log_of_parts(form, mantissa - 1.0, None, k))


def _log1p(code: Code, form: Format, x: Scalar) -> Scalar:
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


def _split(code: Code, form: Format, x: Scalar) -> tuple[Scalar, Scalar]:
    """m in [√½, √2) and k with x = m·2^k, for x positive and normal."""
    shifted = code.bits(x) + (form.one_bits - form.sqrt_half_bits)
    mantissa = code.from_bits((shifted & form.mantissa_mask) + form.sqrt_half_bits)
    # The exponent becomes the low bits of 2^mantissa_bits: a float without a conversion.
    ruler = 2.0**form.mantissa_bits
    ruler_bits = (form.bias + form.mantissa_bits) << form.mantissa_bits
    exponent = code.from_bits((shifted >> form.mantissa_bits) | ruler_bits)
    return mantissa, exponent - (ruler + form.bias)


def _log_of_parts(form: Format, f: Scalar, rest: Scalar | None, k: Scalar) -> Scalar:
    """log(1 + f + rest) + k·ln 2: with s = f/(2 + f), log(1 + f) = 2·atanh(s) = f - f²/2 + s·(f²/2 + …)."""
    s = f / (f + 2.0)
    z = s * s
    half_square = f * f * 0.5
    correction = k * form.ln2[1]
    if rest is not None:  # rest/(1 + f), to first order: it is at most half a unit of f
        correction = correction + (rest - rest * f)
    inner = s * (half_square + z * _polynomial(z, form.log_tail)) + correction
    return k * form.ln2[0] - ((half_square - inner) - f)


def _log_edges(code: Code, x: Scalar, result: Scalar) -> Scalar:
    """-inf at 0, NaN below and at NaN, inf at inf."""
    edge = code.select(code.compare("oeq", x, 0.0), code.constant(-math.inf, x.type), math.nan)
    result = code.select(code.compare("ogt", x, 0.0), result, edge)
    return code.select(code.compare("oeq", x, math.inf), x, result)


FUNCTIONS: dict[str, Body] = {"exp": _exp, "expm1": _expm1, "log": _log, "log1p": _log1p, "tanh": _tanh}
