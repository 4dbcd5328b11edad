"""One file per activation; the folder is the table."""

from mlpcli.nn.activation import Activation
from mlpcli.registry import Registry

ACTIVATIONS: Registry[type[Activation]] = Registry(__name__, __path__, kind="Activation")
