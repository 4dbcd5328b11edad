"""The gallery: sick configs and their healthy twins. python tests/gallery/run.py [--seeds N] [RULE ...]

RULE/NAME.sick.yaml must be found to have RULE first; of RULE/NAME.twin.yaml no problem may be found. Prints a
line per config, and the shares.
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

from mlpcli.diagnose.finding import Finding
from mlpcli.pipeline.diagnosis import findings_of

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Exhibit:
    """One config. expected: the rule that must come first, "" for a healthy twin."""

    path: Path
    expected: str

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.name.removesuffix('.yaml')}"

    def findings(self, folder: Path, seed: int | None = None) -> list[Finding]:
        """What is found, in a folder where its data is made."""
        text = self.path.read_text(encoding="utf-8")
        provide(text, folder)
        config = folder / self.path.name
        config.write_text(text, encoding="utf-8")
        return findings_of(config, [] if seed is None else [f"seed={seed}"])

    def right(self, findings: list[Finding]) -> bool:
        """Whether the findings are what they should be."""
        if self.expected:
            return bool(findings) and findings[0].rule == self.expected
        return all(finding.severity != "problem" for finding in findings)


def exhibits(rules: list[str] | None = None) -> list[Exhibit]:
    """All of them, or those of some rules."""
    found = []
    for path in sorted(HERE.glob("*/*.yaml")):
        if not rules or path.parent.name in rules:
            found.append(Exhibit(path, path.parent.name if path.name.endswith(".sick.yaml") else ""))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rules", nargs="*", metavar="RULE")
    parser.add_argument("--seeds", type=int, default=1, help="seeds 0 … N-1 instead of the config's own")
    options = parser.parse_args()
    right = {True: [0, 0], False: [0, 0]}
    for exhibit in exhibits(options.rules):
        with tempfile.TemporaryDirectory() as folder:
            for number in range(options.seeds):
                began = time.perf_counter()
                findings = exhibit.findings(Path(folder), None if options.seeds == 1 else number)
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
