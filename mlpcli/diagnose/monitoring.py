"""The observer of a training under way: facts before the first epoch, monitors at report epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mlpcli.diagnose.layers.weight_probe import WeightProbe
from mlpcli.diagnose.loss_curve import EpochStats
from mlpcli.diagnose.monitor import MonitorContext
from mlpcli.diagnose.monitors import MONITORS
from mlpcli.diagnose.ranking import applicable, diagnose
from mlpcli.diagnose.trials.facts import Facts, FactsInterrupted
from mlpcli.diagnose.trials.untrained import Untrained
from mlpcli.problem.problem import Problem
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Finding
from mlpcli.training.auto_rate import resolve_auto_rate
from mlpcli.training.epoch import Epoch
from mlpcli.training.events import Record
from mlpcli.training.stop_reasons import INTERRUPTED

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 0.005
"""Largest share of the training's time spent on reading weights; the rest is next to nothing."""
FREE = 0.0002
"""Seconds that may be spent in any case: a process takes a thousand times as long to start."""


class Monitoring:
    """The TrainingObserver that asks facts and monitors; it changes nothing.

    Costs are looked at in every report epoch, weights where that takes little of the time that has passed,
    and after the last epoch. So only the epoch at which dead units are seen, and the sentence on how far
    weights moved, may depend on the time.
    """

    def __init__(self, problem: Problem, state: Mapping[str, NDArray[Any]]) -> None:
        """Make ready to watch the arrays of `state`, by name, of a training of that problem."""
        self._problem = resolve_auto_rate(problem)
        self._monitors = [monitor() for monitor in MONITORS.values()]
        self._probe = WeightProbe(self._problem, state)
        self._history: list[EpochStats] = []
        self._spent = self._took = 0.0

    def facts(self, interrupted: Callable[[], bool] = lambda: False) -> list[Finding]:
        """Return the problems and warnings that are certain before the first step; none if interrupted."""
        try:
            found = diagnose(
                Untrained(Facts(self._problem, notes=False, interrupted=interrupted)),
                ("graph", "data"),
                ask="before training",
            )
        except FactsInterrupted:
            return []
        return [finding for finding in found if finding.severity != "note"]

    def resume(self, history: Iterable[Record], reported: Container[str]) -> None:
        """Look again at the printed epochs of a training that is resumed; `reported` rules stay silent."""
        for record in history:
            loss, checked = record.get("loss", record["cost"]), record.get("validation_loss")
            self._history.append(EpochStats(int(record["epoch"] or 0), float(loss or 0), checked))
            context = MonitorContext(self._problem, self._history, self._probe)
            for monitor in self._monitors:
                monitor.check(context)
        self._monitors = [each for each in self._monitors if choice_name(each) not in reported]

    def after(self, epoch: Epoch) -> list[Finding]:
        """Return what is found for the first time at this report epoch."""
        self._history.append(
            EpochStats(epoch.number, epoch.cost if epoch.loss is None else epoch.loss, epoch.validation_loss)
        )
        ended = bool(epoch.stopped) and epoch.stopped != INTERRUPTED
        began = time.perf_counter()
        self._probe.fresh = False
        reads = bool(epoch.stopped) or self._spent + self._took <= FREE + SHARE * epoch.seconds
        if reads:
            self._probe.read()
        context = MonitorContext(self._problem, self._history, self._probe, ended)
        found = []
        for monitor in list(self._monitors):
            finding = monitor.check(context)
            if finding is not None:
                found.append(applicable(finding, self._problem))
                self._monitors.remove(monitor)
        took = time.perf_counter() - began
        self._spent += took
        if reads:
            self._took = took
        return found
