"""Comparisons of digests as text or JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from mlpcli.cli.text.table import table
from mlpcli.wording import plural

if TYPE_CHECKING:
    from mlpcli.experiments.digests import DigestPair
    from mlpcli.experiments.reproduce import Reproduction
    from mlpcli.experiments.verify_resume import Verification

SHOWN = 16
"""Digits of a sha256."""


def describe_compared(compared: Iterable[DigestPair], first: str, second: str) -> str:
    """Give each comparison a row: what, the two digests, and whether they are the same."""
    rows = [
        (each.what, each.first[:SHOWN], each.second[:SHOWN], "the same" if each.same else "different")
        for each in compared
    ]
    return table(("sha256 of", first, second, ""), rows, left=4)


def describe_verification(verification: Verification, as_json: bool) -> str:
    """Say where a training was interrupted, and whether that changed its bits."""
    if as_json:
        compared = {
            each.what: {"unbroken": each.first, "resumed": each.second} for each in verification.compared
        }
        values = {"same": verification.same, "breaks": verification.breaks, "sha256": compared}
        return json.dumps(values, indent=1, ensure_ascii=False)
    blocks = [
        f"trained twice, {plural(verification.epochs, 'epoch')} each; the second time broken off and gone on "
        f"with {plural(len(verification.breaks), 'time')}:",
        *(f"  {each}" for each in verification.breaks),
        "",
        describe_compared(verification.compared, "unbroken", "resumed"),
        "",
        "the same bits" if verification.same else "not the same bits: please report this as a bug of mlp",
    ]
    return "\n".join(blocks)


def describe_reproduction(found: Reproduction, as_json: bool) -> str:
    """Say whether training again gave the same bits, and what may be why not."""
    if as_json:
        compared = {each.what: {"run": each.first, "again": each.second} for each in found.compared}
        values = {"same": found.same, "differences": found.differences, "sha256": compared}
        return json.dumps(values, indent=1, ensure_ascii=False)
    blocks = [describe_compared(found.compared, "run", "again"), ""]
    blocks += [f"note: {each}" for each in found.differences]
    end = "the same bits" if found.same else "not the same bits"
    if not found.same and not found.differences:
        end += ", though data, versions and processor are as they were: was a file of the run changed?"
    return "\n".join([*blocks, end])
