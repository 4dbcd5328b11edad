"""Matrix products in generated code: against NumPy in every arrangement; shared ones have the same bits."""

import ctypes
import itertools

import numpy as np
import pytest

from mlpcli.engine import make_plan, matmul, parameter
from mlpcli.execute.native.codegen import program
from mlpcli.execute.native.function import NativeFunction
from mlpcli.execute.native.module import machine
from mlpcli.execute.native.products import shared, tiles
from mlpcli.execute.native.products import worker_pool as team
from sampling import sampled

SHAPES = [
    *(
        (rows, inner, columns)  # every second one, by turns: all pairs of two sizes are among them
        for (i, rows), (j, inner), (k, columns) in itertools.product(
            enumerate((1, 5, 13)), enumerate((1, 7)), enumerate((1, 3, 10, 17))
        )
        if (i + j + k) % 2 == 0
    ),
    (64, 30, 64),
    (37, 64, 85),
    (130, 40, 200),
]


SMALL = [shape for shape in SHAPES if np.prod(shape) <= tiles.SCALAR_PRODUCT]
LARGE = [shape for shape in SHAPES if np.prod(shape) > tiles.SCALAR_PRODUCT]
ARRANGED = list(itertools.product((0, 1), (0, 1), ("float32", "float64")))


def in_turn(case):
    """Half of them: each pair of transposes once, each type with each transpose."""
    return (case[0] + case[1] + (case[2] == "float64")) % 2 == 0


def compute(shapes, transpose_a, transpose_b, dtype):
    """(ours, exact) for each shape; all the products are compiled together."""
    rng = np.random.default_rng(7)
    state, outputs = {}, {}
    for at, (rows, inner, columns) in enumerate(shapes):
        a = parameter(f"a{at}", (inner, rows) if transpose_a else (rows, inner), dtype=dtype)
        b = parameter(f"b{at}", (columns, inner) if transpose_b else (inner, columns), dtype=dtype)
        state |= {node.name: rng.standard_normal(node.shape).astype(dtype) for node in (a, b)}
        outputs[str(at)] = matmul(a, b, transpose_a=transpose_a, transpose_b=transpose_b)
    function = NativeFunction(make_plan(outputs), state)
    function.run()
    for at in range(len(shapes)):
        left, right = state[f"a{at}"].astype("f8"), state[f"b{at}"].astype("f8")
        exact = (left.T if transpose_a else left) @ (right.T if transpose_b else right)
        yield function.outputs[str(at)].copy(), exact


@pytest.fixture
def all_shared(monkeypatch):
    """Every product is shared among threads, whatever its size, and every operand copied first."""
    for kind in shared.SHARED_PRODUCT:
        monkeypatch.setitem(shared.SHARED_PRODUCT, kind, 0)
    monkeypatch.setattr(shared, "COPIED", 0)
    monkeypatch.setattr(shared, "COPY_ROWS", 0)


@pytest.mark.parametrize(("transpose_a", "transpose_b", "dtype"), sampled(ARRANGED, in_turn))
def test_small_products_equal_numpys(transpose_a, transpose_b, dtype):
    found = compute(SMALL, bool(transpose_a), bool(transpose_b), dtype)
    for shape, (ours, exact) in zip(SMALL, found, strict=True):
        check(ours, exact, shape, dtype)


def check(ours, exact, shape, dtype):
    scale = np.finfo(dtype).eps * shape[1] * 4 * max(1.0, np.abs(exact).max())
    np.testing.assert_allclose(ours, exact, rtol=0, atol=scale, err_msg=str(shape))


@pytest.mark.parametrize(("transpose_a", "transpose_b", "dtype"), sampled(ARRANGED, in_turn))
def test_large_products_equal_numpys_and_shared_have_the_same_bits(
    transpose_a, transpose_b, dtype, request, crowd
):
    before = list(compute(LARGE, bool(transpose_a), bool(transpose_b), dtype))
    request.getfixturevalue("all_shared")
    found = compute(LARGE, bool(transpose_a), bool(transpose_b), dtype)
    for shape, (alone, _), (ours, exact) in zip(LARGE, before, found, strict=True):
        check(alone, exact, shape, dtype)
        assert ours.tobytes() == alone.tobytes(), shape


def test_shared_products_are_functions_of_their_own(all_shared):
    a, b = parameter("a", (30, 40)), parameter("b", (30, 20))
    plan = make_plan({"y": matmul(a, b, transpose_a=True, transpose_b=False)})
    (product,) = program.step_text("step", plan, machine()).shared
    assert [name for name, _ in product.stages] == ["step.p0.columns", "step.p0.rows", "step.p0.tiles"]


@pytest.mark.parametrize("number", [1, 2, 15, 16, 17, 33, 100])
def test_every_part_is_done_once(number, crowd):
    """Through the real threads, with a function of our own that counts."""
    done = np.zeros(number, np.int64)

    def count(_a, _b, _result, _scratch, start, stop):
        done[start:stop] += 1

    kind = ctypes.CFUNCTYPE(None, *team.POINTERS, ctypes.c_int64, ctypes.c_int64)
    function = kind(count)
    for _ in range(20):
        done[:] = 0
        team._workers().compute(ctypes.cast(function, ctypes.c_void_p).value, (0, 0, 0, 0), number)
        assert (done == 1).all()
