"""Activation values by 30-digit arithmetic: prints the table KNOWN of test_activations.py.

Needs mpmath; the formulas are those of the sources, not those of the package.
"""

from mpmath import erf, exp, log, mp, mpf, sqrt, tanh

mp.dps = 30
XS = [mpf("-1.5"), mpf("0.25"), mpf(2)]
SCALE, ALPHA = mpf("1.0507009873554804934193349852946"), mpf("1.6732632423543772848170429916717")
FORMULAS = {
    "sigmoid": lambda x: 1 / (1 + exp(-x)),
    "hard_sigmoid": lambda x: max(mpf(0), min(mpf(1), x / 5 + mpf(1) / 2)),
    "tanh": tanh,
    "hard_tanh": lambda x: max(mpf(-1), min(mpf(1), x)),
    "relu": lambda x: (x + abs(x)) / 2,
    "leaky_relu": lambda x: (mpf("1.01") * x + mpf("0.99") * abs(x)) / 2,
    "linear": lambda x: x,
    "softplus": lambda x: log(1 + exp(x)),
    "softsign": lambda x: x / (1 + abs(x)),
    "elu": lambda x: x if x > 0 else exp(x) - 1,
    "selu": lambda x: SCALE * (x if x > 0 else ALPHA * (exp(x) - 1)),
    "gelu": lambda x: x * (1 + erf(x / sqrt(2))) / 2,
    "silu": lambda x: x / (1 + exp(-x)),
    "mish": lambda x: x * tanh(log(1 + exp(x))),
    "ultra_fast_sigmoid": lambda x: ((x / 2) * mpf("1.5") / (1 + abs(x) / 2) + 1) / 2,  # |x| < 3.4
}
for name, formula in FORMULAS.items():
    print(f'    "{name}": [{", ".join(mp.nstr(formula(x), 17) for x in XS)}],')
