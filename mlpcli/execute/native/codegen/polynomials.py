"""The numbers in exp, expm1, log, log1p and tanh, for each type.

Computed by tests/oracles/make_word_polynomials.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
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
