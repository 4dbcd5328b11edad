"""One file per initialisation; the folder is the table."""

from mlpcli.discover import Choices
from mlpcli.nn.initializer import Initializer

INITIALIZERS: Choices[type[Initializer]] = Choices(__name__, __path__)
