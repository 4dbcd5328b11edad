"""One file per optimiser; the folder is the table."""

from mlpcli.optim.optimizer import Optimizer
from mlpcli.registry import Choices

OPTIMIZERS: Choices[type[Optimizer]] = Choices(__name__, __path__)
