"""A digest of a graph, of ops, wiring and constants: equal for graphs that compute the same."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from mlpcli.graph.node import Node, topological


def fingerprint(outputs: Mapping[str, Node] | Iterable[Node]) -> str:
    """Return a sha256, in hex. Names count for parameters and placeholders only."""
    roots = list(outputs.values() if isinstance(outputs, Mapping) else outputs)
    places: dict[Node, int] = {}
    digest = hashlib.sha256()
    for node in topological(roots):
        wiring = [places[each] for each in node.inputs]
        name = "" if node.inputs else node.name
        digest.update(repr((node.op.name, wiring, node.attributes, node.shape, node.dtype, name)).encode())
        if node.value is not None:
            digest.update(node.value.tobytes())
        places[node] = len(places)
    digest.update(repr([places[root] for root in roots]).encode())
    return digest.hexdigest()
