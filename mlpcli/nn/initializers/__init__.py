"""One file per initialisation; the folder is the table."""

from mlpcli.nn.initializer import Initializer
from mlpcli.registry import Registry

INITIALIZERS: Registry[type[Initializer]] = Registry(__name__, __path__, kind="Initializer")
