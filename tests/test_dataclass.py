"""The own `dataclass` does what that of the standard library does, in every mixture of the two."""

import copy
import dataclasses
import pickle

import pytest

from mlpcli.dataclass import dataclass as own

STANDARD = dataclasses.dataclass


@own(frozen=True)
class Point:
    x: int
    y: float = 2.0
    note: str = dataclasses.field(default="", compare=False, repr=False)


@pytest.fixture(params=[(own, own), (own, STANDARD), (STANDARD, own), (STANDARD, STANDARD)])
def pair(request):
    """A class and one that inherits from it."""
    first, second = request.param

    @first(frozen=True)
    class Base:
        x: int
        y: float = 2.0

    @second(frozen=True, kw_only=True)
    class Derived(Base):
        z: tuple[int, ...] = ()

    return Base, Derived


def test_fields_are_set_once(pair):
    for kind in pair:
        made = kind(1)
        for change in (lambda made: setattr(made, "x", 3), lambda made: setattr(made, "new", 3)):
            with pytest.raises(dataclasses.FrozenInstanceError):
                change(made)
        with pytest.raises(dataclasses.FrozenInstanceError):
            del made.x
        assert vars(made) | {"z": ()} == {"x": 1, "y": 2.0, "z": ()}


def test_values_are_compared_hashed_and_shown(pair):
    base, derived = pair
    assert base(1) == base(1, 2.0) != base(2)
    assert base(1) != derived(1)
    assert derived(1, z=(3,)) == derived(1, z=(3,)) != derived(1)
    assert len({derived(1), derived(1), derived(2)}) == 2
    assert repr(derived(1)).endswith("Derived(x=1, y=2.0, z=())")
    assert dataclasses.replace(derived(1), x=4, z=(5,)) == derived(4, z=(5,))


def test_fields_may_be_left_out_of_comparing_and_showing():
    assert Point(1, note="a") == Point(1, note="b")
    assert hash(Point(1, note="a")) == hash(Point(1, note="b"))
    assert repr(Point(1, note="a")) == "Point(x=1, y=2.0)"


def test_copies_and_pickles():
    assert pickle.loads(pickle.dumps(Point(1))) == copy.deepcopy(Point(1)) == Point(1)


def test_methods_of_the_class_itself_stay():
    @own(frozen=True)
    class Odd:
        x: int

        def __eq__(self, other):
            return True

        def __repr__(self):
            return "odd"

    assert (Odd(1), repr(Odd(1)), hash(Odd(1))) == (Odd(2), "odd", hash(Odd(1)))


def test_without_equality_an_object_is_itself():
    @own(frozen=True, eq=False)
    class Node:
        x: int

    assert Node(1) != Node(1)
    assert len({Node(1), Node(1)}) == 2
