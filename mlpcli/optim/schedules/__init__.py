"""One file per schedule of the learning rate; the folder is the table."""

from mlpcli.optim.schedule import Schedule
from mlpcli.registry import Choices

SCHEDULES: Choices[type[Schedule]] = Choices(__name__, __path__)
