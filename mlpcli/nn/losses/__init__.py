"""One file per loss; the folder is the table."""

from mlpcli.nn.loss import Loss
from mlpcli.registry import Registry

LOSSES: Registry[type[Loss]] = Registry(__name__, __path__, kind="Loss")
