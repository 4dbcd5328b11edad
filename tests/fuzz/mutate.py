"""Mutations of texts and of bytes, all of them a function of a random stream."""

from __future__ import annotations

import copy
import random
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mlpcli.runs.array_file import read_arrays, write_arrays

WORDS = (
    "0 -1 1 2 3.5 1e-3 1e999 -1e999 1e-320 .5 -0 00 0x10 1_000 nan .nan inf .inf -.inf ~ null yes no "
    "on off true false True '' \"\" '5' [] {} [1] {a: 1} [[[]]] *a &a &a_1 <<: !!str "
    "!!python/object:os.system !x % @ ` | > - ? : # --- ... softmax sigmoid relu maxout tanh linear "
    "zeros constant normal sgd adam cross_entropy squared_error poisson huber classification "
    "regression multilabel standard minmax none full auto numpy native float32 float64 seed data "
    "train target validation test scaling network hidden output units activation initialisation "
    "optimiser learning_rate momentum l2 training epochs batch_size stop patience loss classes ignore "
    "categorical missing numeric 9223372036854775808 100000000000000000000000 -5 1e308 0.1.2 12:30:45 "
    "2001-01-01 ü \u2028 😀"
).split(" ")
CHARACTERS = "\t\r\n\x00\x07\x1b\x85\ufeff\u2028 {}[]:,#&*!|>'\"%@`-?~=.0123456789eE+_xyzäß"


def mutated_text(text: str, rng: random.Random) -> str:
    """One to four changes of lines, words and characters."""
    for _ in range(rng.choice((1, 1, 1, 2, 2, 3, 4))):
        text = rng.choice(TEXT_CHANGES)(text, rng)
    return text


def _line(change: Callable[[list[str], int, random.Random], None]) -> Callable[[str, random.Random], str]:
    def changed(text: str, rng: random.Random) -> str:
        lines = text.split("\n")
        change(lines, rng.randrange(len(lines)), rng)
        return "\n".join(lines)

    return changed


def _delete(lines: list[str], at: int, rng: random.Random) -> None:
    del lines[at]


def _double(lines: list[str], at: int, rng: random.Random) -> None:
    lines.insert(rng.randrange(len(lines) + 1), lines[at])


def _indent(lines: list[str], at: int, rng: random.Random) -> None:
    lines[at] = " " * rng.randrange(9) + lines[at].lstrip()


def _value(lines: list[str], at: int, rng: random.Random) -> None:
    key, colon, _ = lines[at].partition(":")
    lines[at] = f"{key}{colon} {rng.choice(WORDS)}"


def _nest(lines: list[str], at: int, rng: random.Random) -> None:
    depth = rng.choice((3, 50, 2000))
    lines[at] += rng.choice("[{") * depth


def _long(lines: list[str], at: int, rng: random.Random) -> None:
    lines[at] += rng.choice("0a -,:") * rng.choice((100, 10_000))


def _word(text: str, rng: random.Random) -> str:
    """Another word in the place of one, or beside it."""
    words = text.split(" ")
    at = rng.randrange(len(words))
    words[at : at + rng.randrange(2)] = [rng.choice(WORDS)]
    return " ".join(words)


def _character(text: str, rng: random.Random) -> str:
    at = rng.randrange(len(text) + 1)
    return text[:at] + rng.choice(("", rng.choice(CHARACTERS))) + text[at + rng.randrange(2) :]


def _cut(text: str, rng: random.Random) -> str:
    return text[: rng.randrange(len(text) + 1)]


def _swap(text: str, rng: random.Random) -> str:
    """Two pieces change places."""
    a, b, c = sorted(rng.randrange(len(text) + 1) for _ in range(3))
    return text[:a] + text[b:c] + text[a:b] + text[c:]


TEXT_CHANGES: tuple[Callable[[str, random.Random], str], ...] = (
    *(_line(change) for change in (_delete, _double, _indent, _value, _value, _value, _nest, _long)),
    _word,
    _word,
    _word,
    _character,
    _character,
    _cut,
    _swap,
)


def mutated_bytes(data: bytes, rng: random.Random) -> bytes:
    """One to four changes: bits, bytes, numbers of four and eight bytes, cuts, doubled and foreign pieces."""
    for _ in range(rng.choice((1, 1, 1, 2, 3, 4))):
        data = rng.choice(BYTE_CHANGES)(data, rng)
    return data


def _put(data: bytes, at: int, piece: bytes) -> bytes:
    return data[:at] + piece + data[at + len(piece) :]


def _bit(data: bytes, rng: random.Random) -> bytes:
    if not data:
        return data
    at = rng.randrange(len(data))
    return _put(data, at, bytes([data[at] ^ 1 << rng.randrange(8)]))


def _byte(data: bytes, rng: random.Random) -> bytes:
    return _put(
        data, rng.randrange(len(data) + 1), bytes([rng.choice((0, 1, 127, 128, 255, rng.randrange(256)))])
    )


def _number(data: bytes, rng: random.Random) -> bytes:
    size = rng.choice((2, 4, 8))
    value = rng.choice((0, 1, -1, 2**31 - 1, 2**31, 2**63 - 1, 2**16, 10**9, rng.randrange(2**62)))
    piece = (value % 2 ** (8 * size)).to_bytes(size, rng.choice(("little", "big")))
    return _put(data, rng.randrange(len(data) + 1), piece)


def _cut_bytes(data: bytes, rng: random.Random) -> bytes:
    return data[: rng.randrange(len(data) + 1)]


def _without(data: bytes, rng: random.Random) -> bytes:
    a, b = sorted(rng.randrange(len(data) + 1) for _ in range(2))
    return data[:a] + data[b:] if rng.random() < 0.5 else data[:a] + data[a : a + 16] + data[a:]


def _digits(data: bytes, rng: random.Random) -> bytes:
    """A number written in text (a shape in a header, a cell) becomes another one."""
    places = [at for at, byte in enumerate(data) if 48 <= byte <= 57]
    if not places:
        return data
    at = rng.choice(places)
    new = rng.choice((b"9", b"0", b"-", b"999999999", b"1e9", b".", b"99999999999999999999"))
    return data[:at] + new + data[at + 1 :]


def _random(data: bytes, rng: random.Random) -> bytes:
    return _put(data, rng.randrange(len(data) + 1), rng.randbytes(rng.choice((3, 16, 200))))


BYTE_CHANGES: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _bit,
    _bit,
    _byte,
    _byte,
    _number,
    _number,
    _cut_bytes,
    _without,
    _digits,
    _digits,
    _random,
)


VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, 1, -1, 2, 7, 2**31, 2**63, 10**30, 0.5, -0.5, 1e308, 1e-320),
    *(float("nan"), float("inf"), "", "0", "x", "a" * 10_000, "nan", [], {}, [0], [[]], {"name": "x"}),
)
NUMBERS = (0.0, -1.0, 1.0, 1e300, -1e300, float("nan"), float("inf"), 2.0**40, -(2.0**40))
KINDS_OF_NUMBERS = ("float32", "float64", "int64", "uint8", "bool", "complex128", "S3", "U2")


def mutated_arrays(data: bytes, rng: random.Random) -> bytes:
    """An unharmed file of arrays, with something else in it: sealed anew, as no accident would do it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.npz"
        path.write_bytes(data)
        kind = "mlp-checkpoint" if b"mlp-checkpoint" in data else "mlp-model"
        header, arrays = read_arrays(path, kind, 1 << 30)
        del header["arrays"], header["sha256"]
        if rng.random() < 0.3:
            _change_array(arrays, rng)
        else:
            _change_value(header, rng)
        write_arrays(path, header, arrays)
        return path.read_bytes()


def _change_value(plain: dict[str, Any], rng: random.Random) -> None:
    """One value somewhere below becomes another, is gone, or is there once more."""
    places = list(_places(plain))
    container, key = rng.choice(places)
    what = rng.random()
    if what < 0.1:
        del container[key]
    elif what < 0.2 and isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    elif what < 0.5:
        other, place = rng.choice(places)
        container[key] = copy.deepcopy(other[place])
    else:
        container[key] = rng.choice(VALUES)


def _places(plain: Any) -> Iterator[tuple[Any, Any]]:
    for key in list(plain) if isinstance(plain, dict) else range(len(plain)):
        yield plain, key
        if isinstance(plain[key], dict | list):
            yield from _places(plain[key])


def _change_array(arrays: dict[str, Any], rng: random.Random) -> None:
    name = rng.choice(list(arrays))
    array, what = arrays[name], rng.randrange(6)
    if what == 0:
        del arrays[name]
    elif what == 1:
        arrays[rng.choice(["x", "state/x", "a/b", "../x", f"{name}x"])] = arrays.pop(name)
    elif what == 2:
        with np.errstate(invalid="ignore", over="ignore"):
            arrays[name] = array.astype(rng.choice(KINDS_OF_NUMBERS))
    elif what == 3:
        flat = array.ravel()
        arrays[name] = rng.choice((flat[:0], array[None], flat, np.concatenate([flat, flat])))
    elif array.size:
        with np.errstate(invalid="ignore", over="ignore"):
            array.reshape(-1)[rng.randrange(array.size)] = np.array(rng.choice(NUMBERS)).astype(array.dtype)
