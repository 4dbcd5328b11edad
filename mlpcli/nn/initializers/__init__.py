"""One file per initialisation; the folder is the table."""

from mlpcli.nn.initializer import Initializer
from mlpcli.registry import Choices

INITIALIZERS: Choices[type[Initializer]] = Choices(__name__, __path__)
