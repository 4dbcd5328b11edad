"""The words in a loop, compiled as the executor does. A longer search for errors, and the time per entry:

PYTHONPATH=.:tests python tests/execute/native/test_words.py 2000000
"""

import ctypes
import json
import re
import sys
import time
from functools import cache
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from mlpcli.execute.native.codegen.scalar_ops import LlvmScalarOps, declarations, definitions
from mlpcli.ops.scalar_ops import NUMPY_OPS
from sampling import sampled

llvm = pytest.importorskip("llvmlite.binding")

TYPES = {"double": np.float64, "float": np.float32}
WIDER = {"double": np.longdouble, "float": np.float64}
FUNCTIONS = ("exp", "expm1", "log", "log1p", "tanh")
VALUES = json.loads((Path(__file__).parents[2] / "oracles" / "word_values.json").read_text())
INF, NAN = np.inf, np.nan
EXTENDED = np.finfo(np.longdouble).nmant >= 63
LOOP = """
define void @loop({parameters}, ptr noalias %out, i64 %n) noinline {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
{body}
  %to = getelementptr {type}, ptr %out, i64 %i
  store {type} {result}, ptr %to
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %n
  br i1 %more, label %loop, label %done
done:
  ret void
}}
define void @again({parameters}, ptr noalias %out, i64 %n, i64 %times) {{
entry:
  br label %loop
loop:
  %i = phi i64 [ 0, %entry ], [ %next, %loop ]
  call void @loop({arguments}, ptr %out, i64 %n)
  %next = add nuw nsw i64 %i, 1
  %more = icmp ult i64 %next, %times
  br i1 %more, label %loop, label %done
done:
  ret void
}}
"""


class Loop:
    """A formula over arrays, compiled for this machine or, `generic`, for any of its family."""

    def __init__(self, formula, type="double", arity=1, contract=True, generic=False):
        lines = []
        words = LlvmScalarOps(type, lines)
        for k in range(arity):
            lines.append(f"  %p{k} = getelementptr {type}, ptr %in{k}, i64 %i")
            lines.append(f"  %x{k} = load {type}, ptr %p{k}")
        result = formula(words, *(words.value(f"%x{k}") for k in range(arity)))
        if result.is_bool:
            result = words.where(result, 1.0, 0.0)
        text = LOOP.format(
            type=type,
            body="\n".join(lines),
            result=result.name,
            parameters=", ".join(f"ptr noalias %in{k}" for k in range(arity)),
            arguments=", ".join(f"ptr %in{k}" for k in range(arity)),
        )
        self.dtype = TYPES[type]
        module = llvm.parse_assembly(
            declarations(type) + definitions(type, words.used, contract=contract) + text
        )
        machine = _machine(generic)
        module.triple, module.data_layout = machine.triple, str(machine.target_data)
        tuning = llvm.create_pipeline_tuning_options(speed_level=3)
        tuning.loop_vectorization = tuning.slp_vectorization = tuning.loop_interleaving = True
        builder = llvm.create_pass_builder(machine, tuning)
        builder.getModulePassManager().run(module, builder)
        self.optimised = str(module)
        self._engine = llvm.create_mcjit_compiler(module, machine)
        self._engine.finalize_object()
        pointers = [ctypes.c_void_p] * (arity + 1)
        self._call = ctypes.CFUNCTYPE(None, *pointers, ctypes.c_int64, ctypes.c_int64)(
            self._engine.get_function_address("again")
        )

    def __call__(self, *inputs, times=1):
        arrays = [np.ascontiguousarray(x, self.dtype) for x in inputs]
        out = np.empty_like(arrays[0])
        self._call(*(a.ctypes.data for a in (*arrays, out)), out.size, times)
        return out


def _machine(generic):
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    host = {"cpu": llvm.get_host_cpu_name(), "features": llvm.get_host_cpu_features().flatten()}
    return llvm.Target.from_default_triple().create_target_machine(**({} if generic else host), opt=3)


@cache
def word_loop(word, type, contract=True, generic=False):
    return Loop(lambda w, x: getattr(w, word)(x), type, 1, contract, generic)


def errors(y, true):
    """|y - true| in units in the last place of y's type; inf where a special value differs."""
    limits = np.finfo(y.dtype)
    with np.errstate(all="ignore"):
        near = true.astype(y.dtype)
        exponent = np.maximum(np.frexp(near)[1] - 1, limits.minexp)
        error = np.abs(np.ldexp(y.astype(true.dtype) - true, limits.nmant - exponent))
        same = (y == near) | (np.isnan(y) & np.isnan(near))
    return np.where(np.isfinite(y) & np.isfinite(near), error, np.where(same, 0.0, INF)).astype(float)


def spread(type, count):
    """Bit patterns of every kind, and more where the functions do their work."""
    rng = np.random.default_rng(7)
    whole = np.uint64 if type == "double" else np.uint32
    span = 750.0 if type == "double" else 105.0
    mantissas = rng.uniform(-1, 1, count)
    parts = (
        rng.integers(0, np.iinfo(whole).max, count, whole, endpoint=True).view(TYPES[type]),
        mantissas * 2.0 ** rng.integers(-60, 11, count),
        1.0 + mantissas * 2.0 ** rng.integers(-30, 1, count),
        mantissas * span,
        mantissas * 2.0,
    )
    return np.concatenate([part.astype(TYPES[type]) for part in parts])


def largest_error(word, type, contract, count, generic=False):
    x = spread(type, count)
    with np.errstate(all="ignore"):
        true = NUMPY_OPS[word](x.astype(WIDER[type]))
    found = errors(word_loop(word, type, contract, generic)(x), true)
    return found.max(), x[found.argmax()]


every_function = pytest.mark.parametrize(("word", "type"), list(product(FUNCTIONS, TYPES)))


@every_function
@pytest.mark.parametrize("contract", [True, False])
def test_a_function_is_within_one_and_a_half_units_of_sixty_digits(word, type, contract):
    x, y, rest = zip(*((float.fromhex(x), float.fromhex(y), rest) for x, y, rest in VALUES[word][type]))
    y = np.array(y, TYPES[type])
    found = word_loop(word, type, contract)(x)
    with np.errstate(all="ignore"):
        units = np.where(found == y, 0.0, (found - y) / np.spacing(np.abs(y)))
    assert np.all(np.abs(units - rest) <= 1.5)


@every_function
@pytest.mark.parametrize("contract", [True, False])
def test_a_function_is_within_one_and_a_half_units_everywhere(word, type, contract):
    if type == "double" and not EXTENDED:
        pytest.skip("NumPy has no wider type here to compare with")
    worst, at = largest_error(word, type, contract, 40_000)
    assert worst <= 1.5, at


@every_function
def test_without_joined_products_every_machine_gives_the_same_bits(word, type):
    x = spread(type, 2_000)
    generic, host = (word_loop(word, type, False, generic)(x) for generic in (True, False))
    np.testing.assert_array_equal(generic, host)
    np.testing.assert_array_equal(np.signbit(generic), np.signbit(host))


EDGES = {
    "exp": [(0.0, 1.0), (-0.0, 1.0), (INF, INF), (-INF, 0.0), (1e5, INF), (-1e5, 0.0)],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (INF, INF), (-INF, -1.0), (1e5, INF), (-1e5, -1.0)],
    "log": [(0.0, -INF), (-0.0, -INF), (1.0, 0.0), (-1.0, NAN), (-1e-42, NAN), (INF, INF), (-INF, NAN)],
    "log1p": [(0.0, 0.0), (-0.0, -0.0), (-1.0, -INF), (-1.5, NAN), (INF, INF), (-INF, NAN)],
    "tanh": [(0.0, 0.0), (-0.0, -0.0), (INF, 1.0), (-INF, -1.0), (30.0, 1.0), (-30.0, -1.0)],
}


@every_function
@pytest.mark.parametrize("contract", [True, False])
def test_edges_are_exact(word, type, contract):
    x, y = np.array([*EDGES[word], (NAN, NAN), (-NAN, NAN)], TYPES[type]).T
    found = word_loop(word, type, contract)(np.tile(x, 9))[: len(x)]
    np.testing.assert_array_equal(found, y)
    np.testing.assert_array_equal(np.signbit(found) & ~np.isnan(y), np.signbit(y) & ~np.isnan(y))


@every_function
def test_tiny_and_subnormal_numbers(word, type):
    limits = np.finfo(TYPES[type])
    tiny = np.array([limits.smallest_subnormal, limits.tiny / 3, limits.tiny, limits.eps**2], TYPES[type])
    tiny = np.concatenate([tiny, -tiny])
    expected = {"exp": np.ones_like(tiny), "log": np.log(np.where(tiny > 0, tiny, NAN))}.get(word, tiny)
    np.testing.assert_array_max_ulp(np.nan_to_num(word_loop(word, type)(tiny)), np.nan_to_num(expected), 1)


SPECIAL = [0.0, -0.0, 1.0, -1.0, 0.5, -2.5, 3.0, 7e-310, 1e-40, 1e30, -1e200, 1e308, INF, -INF, NAN]
UNARY = ("negative", "absolute", "sign", "sqrt")
BINARY = ("add", "subtract", "multiply", "divide", "maximum", "minimum", "greater", "greater_equal", "both")


def assert_same(found, expected, zeros=True):
    np.testing.assert_array_equal(found, expected)
    if zeros:
        signed = ~np.isnan(expected)
        np.testing.assert_array_equal(np.signbit(found)[signed], np.signbit(expected)[signed])


def special_pairs(type):
    with np.errstate(all="ignore"):
        values = np.array(SPECIAL).astype(TYPES[type])
    a, b = (grid.ravel() for grid in np.meshgrid(values, values))
    return values, a, b


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("word", UNARY)
def test_words_of_one_operand_are_those_of_numpy(word, type):
    values, _, _ = special_pairs(type)
    with np.errstate(all="ignore"):
        assert_same(word_loop(word, type)(values), NUMPY_OPS[word](values))


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("word", BINARY)
def test_words_of_two_operands_are_those_of_numpy(word, type):
    _, a, b = special_pairs(type)
    zeros = word not in ("maximum", "minimum")  # of 0 and -0 either is right
    with np.errstate(all="ignore"):
        expected = NUMPY_OPS[word](a, b).astype(TYPES[type])
    assert_same(Loop(lambda w, x, y: getattr(w, word)(x, y), type, 2)(a, b), expected, zeros)


NUMBERS = (0.0, -2.5, 1e300, INF, NAN)
WITH_NUMBERS = list(product(BINARY, TYPES, ("left", "right")))


def on_that_side(case):
    """Each word with a number on either side, in one of the types; each type with each side."""
    word, type, side = case
    return (BINARY.index(word) + list(TYPES).index(type) + (side == "left")) % 2 == 0


@pytest.mark.parametrize(("word", "type", "side"), sampled(WITH_NUMBERS, on_that_side))
def test_words_of_an_operand_and_a_number_are_those_of_numpy(word, type, side):
    _, a, _ = special_pairs(type)
    zeros = word not in ("maximum", "minimum")
    for number in NUMBERS:
        with np.errstate(all="ignore"):
            constant = np.array(number).astype(TYPES[type])
            operands = (constant, a) if side == "left" else (a, constant)
            expected = NUMPY_OPS[word](*operands).astype(TYPES[type])
        found = Loop(lambda w, x, n=number: getattr(w, word)(*((n, x) if side == "left" else (x, n))), type)(
            a
        )
        assert_same(found, expected, zeros)


@pytest.mark.parametrize("type", TYPES)
def test_where_and_comparisons(type):
    _, a, b = special_pairs(type)
    loop = Loop(lambda w, x, y: w.where(w.both(w.greater(x, -3), w.greater_equal(2, y)), x, 0.25), type, 2)
    assert_same(loop(a, b), np.where((a > -3) & (b <= 2), a, TYPES[type](0.25)))
    loop = Loop(lambda w, x, y: w.add(w.greater(x, y), w.where(w.greater(x, y), w.greater(y, 0), x)), type, 2)
    assert_same(loop(a, b), (a > b) + np.where(a > b, b > 0, a))


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("word", ["add", "multiply", "maximum", "minimum"])
def test_words_that_join_keep_special_values(word, type):
    _, a, b = special_pairs(type)
    found = Loop(lambda w, x, y: getattr(w.reassociating(), word)(x, y), type, 2)(a, b)
    with np.errstate(all="ignore"):
        np.testing.assert_array_equal(found, NUMPY_OPS[word](a, b))


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("exponent", [-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0, 3.0, 4.0, 2.5, -3.0])
def test_powers(exponent, type):
    x = np.concatenate([special_pairs(type)[0], spread(type, 2_000)])
    with np.errstate(all="ignore"):
        # NumPy's √ of -0 and -inf is also what its power gives with exponent ½, since 2.3.
        wide = x.astype(WIDER[type])
        true = np.sqrt(wide) if exponent == 0.5 else wide ** WIDER[type](exponent)
    if type == "float" or EXTENDED:
        assert errors(Loop(lambda w, x: w.power(x, exponent), type)(x), true).max() <= 2.0


@pytest.mark.parametrize("type", TYPES)
@pytest.mark.parametrize("word", [*FUNCTIONS, "maximum", "sign", "sqrt"])
def test_the_loop_becomes_vector_code(word, type):
    loop = (
        Loop(lambda w, x: w.maximum(x, w.negative(x)), type) if word == "maximum" else word_loop(word, type)
    )
    assert re.search(rf"store <\d+ x {type}>", loop.optimised)
    if word in FUNCTIONS:
        assert re.search(rf"fmul contract <\d+ x {type}>", loop.optimised)
        assert "llvm.fma" not in loop.optimised


def main(count):
    print("word   type    contract  max ulp  at                        ns/entry")
    for word, type, contract in product(FUNCTIONS, TYPES, (True, False)):
        worst, at = largest_error(word, type, contract, count)
        x = np.abs(np.random.default_rng(1).normal(0, 3, 1000)).astype(TYPES[type]) + TYPES[type](0.01)
        seconds = []
        for _ in range(20):
            start = time.perf_counter()
            word_loop(word, type, contract)(x, times=200)
            seconds.append((time.perf_counter() - start) / 200 / len(x))
        print(f"{word:6} {type:7} {contract!s:8}  {worst:.3f}    {at!s:25} {min(seconds) * 1e9:.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200_000)
