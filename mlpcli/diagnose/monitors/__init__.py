"""One file per problem that is reported while training; the folder is the table."""

from mlpcli.diagnose.monitor import Monitor
from mlpcli.registry import Registry

MONITORS: Registry[type[Monitor]] = Registry(__name__, __path__, kind="Monitor")
