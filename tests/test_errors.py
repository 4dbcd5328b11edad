"""Errors travel: what comes back from another process, or out of a copy, is what was raised there."""

import copy
import pickle

import pytest

from mlpcli.errors import Fault, MlpError, SettingError

FAULTS = [Fault("a.yaml line 3", "Two\nlines.", "Do this.", "seed"), Fault("", "Nothing else.")]


def kinds(kind=MlpError):
    return [kind, *(each for below in kind.__subclasses__() for each in kinds(below))]


def made(kind):
    return kind("loss.delta", "It is 0.", "Write 1.") if kind is SettingError else kind(FAULTS)


COPIES = {f"pickle {number}": lambda e, n=number: pickle.loads(pickle.dumps(e, n)) for number in range(6)}
COPIES |= {"copy": copy.copy, "deepcopy": copy.deepcopy}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("kind", kinds(), ids=lambda kind: kind.__name__)
def test_a_copy_of_an_error_is_that_error(kind, way):
    error = made(kind)
    error.where = ["put in later"]
    again = COPIES[way](error)
    assert type(again) is kind
    assert (again.faults, str(again), again.args) == (error.faults, str(error), error.args)
    assert (again.exit_code, vars(again)) == (error.exit_code, vars(error))
