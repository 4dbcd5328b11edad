"""One file per activation; the folder is the table."""

from mlpcli.discover import Choices
from mlpcli.nn.activation import Activation

ACTIVATIONS: Choices[type[Activation]] = Choices(__name__, __path__)
