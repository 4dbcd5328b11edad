"""One file per loss; the folder is the table."""

from mlpcli.nn.loss import Loss
from mlpcli.registry import Choices

LOSSES: Choices[type[Loss]] = Choices(__name__, __path__)
