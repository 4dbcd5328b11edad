"""Matrix products in generated code: against NumPy for every arrangement, and the same bits by any team."""

import dataclasses
import hashlib
import itertools

import numpy as np
import pytest

from mlpcli.engine import make_plan, matmul, parameter
from mlpcli.execute.native import products, program, team
from mlpcli.execute.native.function import NativeFunction
from mlpcli.execute.native.machine import machine

SHAPES = [
    *(
        (rows, inner, columns)
        for rows, inner, columns in itertools.product((1, 5, 13), (1, 7), (1, 3, 10, 17))
    ),
    (64, 30, 64),
    (37, 64, 85),
    (130, 40, 200),
]


def compute(rows, inner, columns, transpose_a, transpose_b, dtype):
    a = parameter("a", (inner, rows) if transpose_a else (rows, inner), dtype=dtype)
    b = parameter("b", (columns, inner) if transpose_b else (inner, columns), dtype=dtype)
    rng = np.random.default_rng(7)
    state = {node.name: rng.standard_normal(node.shape).astype(dtype) for node in (a, b)}
    y = matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    function = NativeFunction(make_plan({"y": y}), state)
    function.run()
    left = state["a"].T if transpose_a else state["a"]
    right = state["b"].T if transpose_b else state["b"]
    return function.outputs["y"].copy(), left.astype("f8") @ right.astype("f8")


@pytest.fixture
def shared(crowd, monkeypatch):
    """Every tiled product is shared among threads, whatever its size."""
    monkeypatch.setattr(products, "SHARED_PRODUCT", 0)
    return crowd


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("transpose_a", "transpose_b"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_products_equal_numpys(transpose_a, transpose_b, dtype):
    for shape in SHAPES:
        ours, exact = compute(*shape, bool(transpose_a), bool(transpose_b), dtype)
        scale = np.finfo(dtype).eps * shape[1] * 4 * max(1.0, np.abs(exact).max())
        np.testing.assert_allclose(ours, exact, rtol=0, atol=scale, err_msg=str(shape))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("transpose_a", "transpose_b"), [(0, 0), (0, 1), (1, 0), (1, 1)])
def test_a_team_gives_the_same_bits_as_one_thread(transpose_a, transpose_b, dtype, request, monkeypatch):
    shapes = [shape for shape in SHAPES if np.prod(shape) > products.SCALAR_PRODUCT]
    lone = dataclasses.replace(machine(), threads=1)
    with monkeypatch.context() as patch:
        patch.setattr("mlpcli.execute.native.function.machine", lambda: lone)
        alone = [compute(*shape, bool(transpose_a), bool(transpose_b), dtype)[0] for shape in shapes]
    request.getfixturevalue("shared")
    for shape, expected in zip(shapes, alone):
        ours, _ = compute(*shape, bool(transpose_a), bool(transpose_b), dtype)
        assert hashlib.sha256(ours).digest() == hashlib.sha256(expected).digest(), shape


def test_shared_products_are_functions_of_their_own(shared):
    a, b = parameter("a", (40, 30)), parameter("b", (30, 20))
    plan = make_plan({"y": a @ b})
    assert list(program.step_text("step", plan, shared).shared) == ["step.p0"]
    alone = dataclasses.replace(machine(), threads=1)
    assert not program.step_text("step", plan, alone).shared


def test_blocks_cover_every_tile_once():
    for tiles in range(1, 100):
        blocks = team._blocks(tiles)
        assert [t for start, stop in blocks for t in range(start, stop)] == list(range(tiles))
        assert len(blocks) <= team.BLOCKS
