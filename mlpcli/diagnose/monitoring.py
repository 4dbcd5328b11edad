"""Findings of a training under way: facts before the first epoch, monitors at report epochs."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterable, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mlpcli.diagnose.layers.weight_probe import Probe
from mlpcli.diagnose.monitor import Look, Moment
from mlpcli.diagnose.monitors import MONITORS
from mlpcli.diagnose.possible import possible
from mlpcli.diagnose.ranking import diagnose
from mlpcli.diagnose.trials.evidence import Evidence
from mlpcli.problem.problem import Problem
from mlpcli.registry import choice_name
from mlpcli.runs.finding import Finding
from mlpcli.training.events import Record
from mlpcli.training.loop import INTERRUPTED, Epoch
from mlpcli.training.range_test import with_rate

if TYPE_CHECKING:
    from numpy.typing import NDArray

SHARE = 0.005
"""Of the training's time, for reading weights. The rest is next to nothing."""
FREE = 0.0002
"""Seconds of it that nobody misses: a process takes a thousand times as long to start."""


class Monitoring:
    """Looks at the state and changes nothing.

    Costs are looked at in every report epoch, weights where that takes little of the time that has passed,
    and after the last epoch. So only when dead units are seen, and what is said of how far weights moved,
    may depend on the time.
    """

    def __init__(self, prepared: Problem, state: Mapping[str, NDArray[Any]]) -> None:
        self._problem = with_rate(prepared)
        self._monitors = [monitor() for monitor in MONITORS.values()]
        self._probe = Probe(self._problem, state)
        self._moments: list[Moment] = []
        self._spent = self._took = 0.0

    def facts(self, interrupted: Callable[[], bool] = lambda: False) -> list[Finding]:
        """The problems and warnings that are certain before the first step; none where it was interrupted."""
        try:
            found = diagnose(_Untrained(self._problem, interrupted), ("graph", "data"), ask="before training")
        except _Interrupted:
            return []
        return [finding for finding in found if finding.severity != "note"]

    def go_on(self, history: Iterable[Record], said: Container[str]) -> None:
        """Look again at what was printed of a training that is gone on with; `said` is not said again."""
        for record in history:
            loss, checked = record.get("loss", record["cost"]), record.get("validation_loss")
            self._moments.append(Moment(int(record["epoch"] or 0), float(loss or 0), checked))
            look = Look(self._problem, self._moments, self._probe)
            for monitor in self._monitors:
                monitor.look(look)
        self._monitors = [each for each in self._monitors if choice_name(each) not in said]

    def after(self, epoch: Epoch) -> list[Finding]:
        """What is found first at this report epoch."""
        self._moments.append(
            Moment(epoch.number, epoch.cost if epoch.loss is None else epoch.loss, epoch.validation_loss)
        )
        ended = bool(epoch.stopped) and epoch.stopped != INTERRUPTED
        began = time.perf_counter()
        self._probe.fresh = False
        reads = bool(epoch.stopped) or self._spent + self._took <= FREE + SHARE * epoch.seconds
        if reads:
            self._probe.read()
        look = Look(self._problem, self._moments, self._probe, ended)
        found = []
        for monitor in list(self._monitors):
            finding = monitor.look(look)
            if finding is not None:
                found.append(possible(finding, self._problem))
                self._monitors.remove(monitor)
        took = time.perf_counter() - began
        self._spent += took
        if reads:
            self._took = took
        return found


class _Interrupted(Exception):
    """Somebody waits for the training to end."""


class _Untrained(Evidence):
    """Facts cost no training: of what is not trained yet nothing is known to go wrong."""

    notes = False

    def __init__(self, problem: Problem, interrupted: Callable[[], bool]) -> None:
        super().__init__(problem)
        self._interrupted = interrupted

    def may_stop(self) -> None:
        if self._interrupted():
            raise _Interrupted

    @cached_property
    def learns(self) -> bool:
        return True
