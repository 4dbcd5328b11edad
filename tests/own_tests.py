"""Test files of single choices, which the laws over whole tables take their values from.

A choice that the shared tables of values do not know brings its own: `tests/nn/activations/test_NAME.py` for
the activation NAME, `tests/optim/optimizers/` for an optimiser, `tests/data/formats/` for a data format. What
they offer, and under which names, is in docs/extending.md.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType

TESTS = Path(__file__).parent


def own_test(folder: str, name: str) -> ModuleType | None:
    """Return the test module of one choice, None where it has none.

    folder: inside tests/, such as "nn/activations".
    """
    if not (TESTS / folder / f"test_{name}.py").exists():
        return None
    return import_module(f"{folder.replace('/', '.')}.test_{name}")


def offered(folder: str, names, what: str) -> dict[str, object]:
    """Return name -> what the test file of a choice offers, for those that have one with that in it.

    what: a name of the module, such as KNOWN.
    """
    modules = {name: own_test(folder, name) for name in names}
    return {name: getattr(module, what) for name, module in modules.items() if hasattr(module, what)}


def message(folder: str, name: str, what: str) -> str:
    """Return what to do about a choice that no table of values knows."""
    own = f"tests/{folder}/test_{name}.py"
    return f"{name} is compared with nothing: write {own} with {what} (docs/extending.md)"
