"""One file per known training problem, in a folder per kind; the folders are the table."""

from mlpcli.diagnose.rule import KINDS, Rule
from mlpcli.registry import Registry

RULES: Registry[type[Rule]] = Registry(__name__, __path__, KINDS)
