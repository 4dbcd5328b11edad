"""The gallery: sick configs and healthy twins.

python tests/gallery/run.py [--full] [--seeds N | --repair] [RULE ...]

RULE/NAME.sick.yaml must be found to have RULE first; of RULE/NAME.twin.yaml no problem may be found. Prints a
line per config, and the shares. Trials are those that gradcheck makes; with --full all. --repair instead
repairs every sick config, and trains what was written with three seeds that the repair has not seen.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from gallery.data import provide

from mlpcli.diagnose.ranking import findings_of
from mlpcli.diagnose.repair.candidates import HELD_BACK, LEAST_ROWS
from mlpcli.diagnose.repair.search import Repair, repair
from mlpcli.diagnose.trials.baseline import baseline_loss
from mlpcli.diagnose.trials.evidence import evidence_of
from mlpcli.runs.finding import Finding

HERE = Path(__file__).parent
LONG = {
    "hidden_softmax/circles",
    "hidden_softmax/wine",
    "not_a_probability/iris-cross-entropy-on-relu",
    "overfitting/diabetes_few_rows",
    "cost_oscillates/digits_fast",
    "learning_rate_too_high/digits-adam-rate-3",
    "linear_hidden_layers/circles-three-linear-layers",
    "over_regularised/cancer-huge-l2",
    "over_regularised/diabetes_l1",
    "too_few_epochs/digits_full_batch",
    "too_little_capacity/digits-through-one",
    "vanishing_gradient/digits-six-sigmoids",
    "vanishing_gradient/iris-seven-sigmoids",
    "weights_too_small/wine-eight-layers",
    "zero_weights/digits-second-layer-zero",
}
"""Much is trained or compiled for these: each takes several seconds."""
TOYS = ("moons", "xor", "circles", "waves")
"""Data of a few columns; many of their networks are alike, and compiled once for all."""


@dataclass(frozen=True)
class Exhibit:
    """One config. expected: the rule that must come first, "" for a healthy twin."""

    path: Path
    expected: str

    @property
    def long(self) -> bool:
        """Whether it takes several seconds."""
        return is_long(self.path)

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name.removesuffix('.yaml')}"

    def findings(self, folder: Path, seed: int | None = None, limited: bool = False) -> list[Finding]:
        """What is found, in a folder where its data is made; limited: with the usual trials only."""
        return findings_of(self.placed(folder), [] if seed is None else [f"seed={seed}"], limited)

    def placed(self, folder: Path) -> Path:
        """A copy in a folder where its data is made."""
        text = self.path.read_text(encoding="utf-8")
        provide(text, folder)
        config = folder / self.path.name
        config.write_text(text, encoding="utf-8")
        return config

    def right(self, findings: list[Finding]) -> bool:
        """Whether the findings are what they should be."""
        if self.expected:
            return bool(findings) and findings[0].rule == self.expected
        return all(finding.severity != "problem" for finding in findings)


def is_long(path: Path) -> bool:
    """Whether a config is among LONG."""
    return f"{path.parent.name}/{path.name.split('.')[0]}" in LONG


def first_of_each(paths: list[Path]) -> set[Path]:
    """The first sick config of each rule that does not take long, and every third rule's first twin.

    Those of toy data come first. Every test run has those; all others are left to `make test-all`.
    """
    found: dict[tuple[str, str], Path] = {}
    for path in sorted(paths, key=lambda path: not path.name.startswith(TOYS)):
        if not is_long(path):
            found.setdefault((path.parent.name, path.name.split(".")[1]), path)
    twins = [path for (_, kind), path in sorted(found.items()) if kind == "twin"]
    return {path for (_, kind), path in found.items() if kind == "sick"} | set(twins[::3])


def exhibits(rules: list[str] | None = None) -> list[Exhibit]:
    """All of them, or those of some rules."""
    found = []
    for path in sorted(HERE.glob("*/*.yaml")):
        if not rules or path.parent.name in rules:
            found.append(Exhibit(path, path.parent.name if path.name.endswith(".sick.yaml") else ""))
    return found


UNSEEN = (101, 102, 103)
"""Seeds of the first weights, the order and the split."""
CLEARLY = 0.05
"""Share of the baseline by which the loss on held-back rows has to be below it."""


def gains(config: Path) -> list[float]:
    """Share of the baseline by which the loss on held-back rows is below it, for each of the UNSEEN seeds."""
    found = []
    for seed in UNSEEN:
        problem = evidence_of(config, [f"seed={seed}"]).problem
        split = problem.validation_rows is None and problem.count >= LEAST_ROWS
        more = [f"data.validation={HELD_BACK}"] if split else []
        evidence = evidence_of(config, [f"seed={seed}", *more])
        rows = evidence.problem.validation_rows or evidence.problem.training_rows
        loss, _ = evidence.trials.runner.loss_on(rows, evidence.trial.state)
        baseline = baseline_loss(evidence.problem, rows)
        found.append((baseline - loss) / abs(baseline))
    return found


def repaired(exhibit: Exhibit, folder: Path) -> tuple[Repair, list[float]]:
    """What --repair makes of a sick config, and the gains of the result."""
    config = exhibit.placed(folder)
    made = repair(config)
    return made, gains(Path(made.written or config))


def repair_all(rules: list[str]) -> int:
    """The share of sick configs that learn once repaired."""
    good = count = hopeless = 0
    for exhibit in (each for each in exhibits(rules) if each.expected):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            made, shares = repaired(exhibit, Path(folder))
            took = time.perf_counter() - began
        clear = all(share >= CLEARLY for share in shares)
        good += clear
        count += 1
        hopeless += not clear and not made.tried
        what = ", ".join(made.changes) or ("learns as it is" if made.needless else "NOT REPAIRED")
        below = " ".join(f"{share:.0%}" for share in shares)
        print(f"{'ok   ' if clear else 'WRONG'} {exhibit.name:45} {took:5.1f} s  {below}: {what}", flush=True)
    print(f"clearly below the baseline with every seed: {good} of {count}")
    print(f"no change of the config is known to help: {hopeless} of the others")
    return 0 if good + hopeless == count else 1


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", metavar="RULE")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … N-1 instead of the config's own")
    parser.add_argument("--full", action="store_true", help="all trials, however long they take")
    parser.add_argument("--repair", action="store_true", help="repair the sick ones instead")
    options = parser.parse_args()
    if options.repair:
        return repair_all(options.rules)
    right = {True: [0, 0], False: [0, 0]}
    for exhibit in exhibits(options.rules):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(options.seeds):
                began = time.perf_counter()
                findings = exhibit.findings(
                    Path(folder), None if options.seeds == 1 else number, not options.full
                )
                took = time.perf_counter() - began
                good = exhibit.right(findings)
                right[bool(exhibit.expected)][0] += good
                right[bool(exhibit.expected)][1] += 1
                said = ", ".join(f"{f.rule} ({f.severity})" for f in findings) or "nothing"
                print(f"{'ok   ' if good else 'WRONG'} {exhibit.name:45} {took:5.1f} s  {said}", flush=True)
    for sick, words in ((True, "right cause first"), (False, "twins without a problem")):
        good, all_ = right[sick]
        print(f"{words}: {good} of {all_}" + (f" ({good / all_:.0%})" if all_ else ""))
    return 0 if all(good == all_ for good, all_ in right.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
