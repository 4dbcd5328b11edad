"""One file per problem that is reported while training; the folder is the table."""

from mlpcli.diagnose.monitor import Monitor
from mlpcli.registry import Choices

MONITORS: Choices[type[Monitor]] = Choices(__name__, __path__, kind="Monitor")
