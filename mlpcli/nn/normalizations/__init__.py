"""One file per normalisation; the folder is the table."""

from mlpcli.nn.normalization import Normalization
from mlpcli.registry import Choices

NORMALIZATIONS: Choices[type[Normalization]] = Choices(__name__, __path__)
