"""One file per activation; the folder is the table."""

from mlpcli.nn.activation import Activation
from mlpcli.registry import Choices

ACTIVATIONS: Choices[type[Activation]] = Choices(__name__, __path__)
