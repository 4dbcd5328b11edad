"""Stage 14, the library's front door: one short function per verb. The command line only calls these."""

from mlpcli.pipeline.prepare import Prepared, prepare
from mlpcli.pipeline.training import Ended, EpochDone, Event, Noticed, Run, Started, train
from mlpcli.predict.model import Model

load = Model.load

__all__ = [
    "Ended",
    "EpochDone",
    "Event",
    "Model",
    "Noticed",
    "Prepared",
    "Run",
    "Started",
    "load",
    "prepare",
    "train",
]
