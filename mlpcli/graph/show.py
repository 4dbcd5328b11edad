"""A graph as text, one line a node, and as DOT for Graphviz."""

from __future__ import annotations

from collections.abc import Mapping

from mlpcli.graph.node import CONSTANT, Node, shape_text, topological


def as_text(outputs: Mapping[str, Node]) -> str:
    """Return a graph as text, one line per node in the order of computation: number, op,
    inputs, shape, name.
    """
    order = topological(outputs.values())
    number = {node: index for index, node in enumerate(order)}
    called = {node: name for name, node in outputs.items()}
    width = len(str(len(order)))
    lines = []
    for node in order:
        inputs = ", ".join(f"%{number[i]}" for i in node.inputs)
        text = f"%{number[node]:<{width}} = {_formula(node, inputs)}  {shape_text(node.shape)}"
        name = " = ".join(dict.fromkeys(filter(None, (node.name, called.get(node)))))
        lines.append(f"{text}  # {name}" if name else text)
    return "\n".join(lines)


def as_dot(outputs: Mapping[str, Node]) -> str:
    """Return a graph in the DOT language."""
    order = topological(outputs.values())
    number = {node: index for index, node in enumerate(order)}
    lines = ["digraph mlp {", "  rankdir=LR;", "  node [shape=box, fontname=sans];"]
    for node in order:
        label = "\\n".join(
            filter(None, (_quoted(node.name), _quoted(_formula(node, "")), shape_text(node.shape)))
        )
        style = ", style=rounded" if node.op.kind == "source" else ""
        lines.append(f'  n{number[node]} [label="{label}"{style}];')
        lines += [f"  n{number[i]} -> n{number[node]};" for i in node.inputs]
    for name, node in outputs.items():
        lines.append(f'  "{_quoted(name)}" [shape=plaintext]; n{number[node]} -> "{_quoted(name)}";')
    return "\n".join([*lines, "}"])


def _formula(node: Node, inputs: str) -> str:
    if node.op is CONSTANT:
        return f"constant {node.value}" if node.shape == () else "constant"
    settings = ", ".join(f"{key}={value}" for key, value in node.attributes if value not in (False, None))
    inside = ", ".join(filter(None, (inputs, settings)))
    return f"{node.op.name}({inside})" if inside else node.op.name


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
