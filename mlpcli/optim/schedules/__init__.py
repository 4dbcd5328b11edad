"""One file per schedule of the learning rate; the folder is the table."""

from mlpcli.discover import Choices
from mlpcli.optim.schedule import Schedule

SCHEDULES: Choices[type[Schedule]] = Choices(__name__, __path__)
