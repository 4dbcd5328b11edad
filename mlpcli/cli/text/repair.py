"""What `mlp gradcheck --repair` says: what was tried, before and after, and the file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mlpcli.cli.text.table import LONGEST_LINE, paragraph, table
from mlpcli.wording import plural, shortened

if TYPE_CHECKING:
    from mlpcli.diagnose.repair.candidates import Candidate, CandidateResult
    from mlpcli.diagnose.repair.search import Repair


def describe_repair(repair: Repair) -> str:
    """Say what was tried, the results before and after, and the file that was written."""
    blocks = ["4. Repair"]
    if repair.tried:
        blocks.append("tried\n" + "\n".join(paragraph(_candidate(each), 2) for each in repair.tried))
    rows = f"on {plural(repair.rows, 'row')} {'held back' if repair.held_back else 'of the training itself'}"
    if repair.before and not repair.after:
        blocks.append(f"as it is, {rows}\n{_results(repair.before)}")
    if repair.before and repair.after:
        blocks.append(f"before and after, {rows}\n{_results(repair.before, repair.after)}")
    if repair.dropped:
        blocks.append("not needed in the end: " + ", ".join(repair.dropped))
    if repair.lines:
        blocks.append(
            "\n".join(
                f"{line.sign} {line.number:>4}  {shortened(line.text, LONGEST_LINE)}" for line in repair.lines
            )
        )
    blocks.append(_end(repair))
    return "\n\n".join(blocks)


def _end(repair: Repair) -> str:
    stopped = "interrupted: " if repair.interrupted else ""
    still = f"; still found: {', '.join(repair.remaining)}" if repair.remaining else ""
    count = plural(len(repair.tried), "change")
    if repair.written:
        return f"{stopped}{'written' if repair.new else 'already there'}: {repair.written}{still}"
    if repair.needless:
        better = f"; {count} tried, none makes it clearly better" if repair.tried else ""
        return f"{stopped}nothing to repair: it learns with every seed{better}."
    if repair.remaining:
        return f"{stopped}it learns with every seed; {count} tried, none ends it{still}"
    if repair.interrupted:
        return f"interrupted: no repair was found so far, {count} tried; nothing was written."
    return f"not repaired: {count} of the config tried, none makes the network learn; nothing was written."


def _candidate(candidate: Candidate) -> str:
    """Say what was changed in the config, and how the training went."""
    return f"{', '.join(candidate.changes) or 'as it is'}: {describe_result(candidate.result)}"


def describe_result(result: CandidateResult) -> str:
    """Say how a training went."""
    if result.error:
        return f"cannot be: {result.error}"
    learned = sum(each.good for each in result.seeds)
    losses = ", ".join(f"{each.loss:.4g}" for each in result.seeds)
    return f"learns with {learned} of {plural(len(result.seeds), 'seed')}; loss {losses}"


def _results(before: CandidateResult, after: CandidateResult | None = None) -> str:
    results = (before, after) if after else (before,)
    words = ("before", "after") if after else ("",)
    header = ["seed"]
    for word in words:
        header += [f"{each} {word}".strip() for each in ("loss", "baseline", before.score_name)]
    lines: list[list[object]] = []
    for number, seed in enumerate(before.seeds):
        line: list[object] = [seed.seed]
        for each in (result.seeds[number] for result in results):
            score = "" if each.score is None else f"{each.score:.4f}"
            line += [f"{each.loss:.4g}", f"{each.baseline:.4g}", score]
        lines.append(line)
    return table(header, lines)
