"""One file per normalisation; the folder is the table."""

from mlpcli.discover import Choices
from mlpcli.nn.normalization import Normalization

NORMALIZATIONS: Choices[type[Normalization]] = Choices(__name__, __path__)
