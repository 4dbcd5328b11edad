"""Laws over the table of initialisations: shape, seed, mean and variance."""

import numpy as np
import pytest

from mlpcli.nn.initializers import INITIALIZERS

FAN_IN, FAN_OUT = 300, 200
VARIANCE = {
    "glorot_uniform": 2 / (FAN_IN + FAN_OUT),
    "glorot_normal": 2 / (FAN_IN + FAN_OUT),
    "he_uniform": 2 / FAN_IN,
    "he_normal": 2 / FAN_IN,
    "lecun_normal": 1 / FAN_IN,
    "orthogonal": 1 / FAN_IN,  # orthonormal columns of length 300
    "uniform": 0.1**2 / 12,
    "normal": 0.05**2,
    "zeros": 0.0,
    "constant": 0.0,
}


def drawn(name, shape, seed=0):
    return INITIALIZERS[name]().draw(np.random.default_rng(seed), shape, FAN_IN, FAN_OUT)


@pytest.mark.parametrize("name", INITIALIZERS)
def test_variance_is_that_of_the_source(name):
    values = drawn(name, (FAN_IN, FAN_OUT))
    assert values.mean() == pytest.approx(0.0, abs=4 * np.sqrt(VARIANCE[name] / values.size) + 1e-12)
    assert values.var() == pytest.approx(VARIANCE[name], rel=0.02, abs=1e-12)


@pytest.mark.parametrize("name", INITIALIZERS)
@pytest.mark.parametrize("shape", [(3, 5), (5, 3), (4,), (1, 1)])
def test_shape_and_seed(name, shape):
    first, again, other = drawn(name, shape), drawn(name, shape), drawn(name, shape, seed=1)
    assert first.shape == shape
    np.testing.assert_array_equal(first, again)
    if VARIANCE[name] and shape != (1, 1):
        assert (first != other).any()


@pytest.mark.parametrize("shape", [(5, 3), (3, 5)])
def test_orthogonal_is_orthonormal_times_gain(shape):
    w = INITIALIZERS["orthogonal"](gain=2.0).draw(np.random.default_rng(0), shape, *shape)
    product = w.T @ w if shape[0] > shape[1] else w @ w.T
    np.testing.assert_allclose(product, 4 * np.eye(3), atol=1e-13)


def test_limits_and_values():
    rng = np.random.default_rng(0)
    uniform = INITIALIZERS["uniform"](low=2.0, high=3.0).draw(rng, (1000,), 1, 1)
    assert (uniform >= 2).all()
    assert (uniform < 3).all()
    assert (INITIALIZERS["constant"](value=0.3).draw(rng, (4,), 1, 1) == 0.3).all()
    assert list(INITIALIZERS["uniform"](low=1.0, high=0.0).conflicts())
