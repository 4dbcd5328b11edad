"""The texts of the LLVM modules that are compiled together."""

from __future__ import annotations

from mlpcli.execute.native.codegen.functions import declarations, definitions
from mlpcli.execute.native.codegen.program import StepText, float_kind
from mlpcli.plan.kernel import Plan


def module_texts(plan: Plan, steps: list[StepText], *functions: str) -> list[str]:
    """Return the modules: the steps, what they call and what calls them in the first; then one for each
    piece.
    """
    kind = float_kind(plan)
    used = frozenset().union(*(step.functions for step in steps))
    pieces = {name: piece for step in steps for name, piece in step.pieces.items()}
    parts = [
        declarations(kind),
        definitions(kind, used),
        *(piece.declaration for piece in pieces.values()),
        *(step.text for step in steps),
        *functions,
    ]
    return ["\n".join(parts), *(piece.module for piece in pieces.values())]
