"""One file per schedule of the learning rate; the folder is the table."""

from mlpcli.optim.schedule import Schedule
from mlpcli.registry import Registry

SCHEDULES: Registry[type[Schedule]] = Registry(__name__, __path__, kind="Schedule")
