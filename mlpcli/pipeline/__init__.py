"""Stage 14, the library's front door: one short function per verb. The command line only calls these."""

from mlpcli.pipeline.events import Ended, EpochDone, Event, Halved, Noticed, Run, Started
from mlpcli.pipeline.origin import load
from mlpcli.pipeline.prepare import Prepared, prepare
from mlpcli.pipeline.starting import resume, train
from mlpcli.predict.model import Model

__all__ = [
    "Ended",
    "EpochDone",
    "Event",
    "Halved",
    "Model",
    "Noticed",
    "Prepared",
    "Run",
    "Started",
    "load",
    "prepare",
    "resume",
    "train",
]
