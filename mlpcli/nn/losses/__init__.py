"""One file per loss; the folder is the table."""

from mlpcli.discover import Choices
from mlpcli.nn.loss import Loss

LOSSES: Choices[type[Loss]] = Choices(__name__, __path__)
