"""One file per optimiser; the folder is the table."""

from mlpcli.discover import Choices
from mlpcli.optim.optimizer import Optimizer

OPTIMIZERS: Choices[type[Optimizer]] = Choices(__name__, __path__)
