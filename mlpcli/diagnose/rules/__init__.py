"""One file per known training problem; the folder is the table."""

from mlpcli.diagnose.rule import Rule
from mlpcli.discover import Choices

RULES: Choices[Rule] = Choices(__name__, __path__)
