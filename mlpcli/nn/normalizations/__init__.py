"""One file per normalisation; the folder is the table."""

from mlpcli.nn.normalization import Normalization
from mlpcli.registry import Registry

NORMALIZATIONS: Registry[type[Normalization]] = Registry(__name__, __path__, kind="Normalization")
