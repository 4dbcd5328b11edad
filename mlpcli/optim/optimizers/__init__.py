"""One file per optimiser; the folder is the table."""

from mlpcli.optim.optimizer import Optimizer
from mlpcli.registry import Registry

OPTIMIZERS: Registry[type[Optimizer]] = Registry(__name__, __path__)
