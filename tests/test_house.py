"""Laws about the code itself: prose that can be read alone, names that mean one thing, sizes for a screen."""

import ast
import re
from collections import defaultdict
from pathlib import Path

import mlpcli

PACKAGE = Path(mlpcli.__file__).parent
TREES = {
    str(file.relative_to(PACKAGE)): ast.parse(file.read_text(encoding="utf-8"))
    for file in sorted(PACKAGE.rglob("*.py"))
}
LEANING = re.compile(r"(Of|The same|Those|That|As|Likewise|All of them)\b")
"""Openings of a docstring that lean on a name or on another sentence elsewhere."""
LONGEST_FUNCTION, MOST_PARAMETERS, MOST_BY_PLACE = 60, 7, 4
COMMANDS = {("cli/commands/train.py", "train"), ("cli/commands/gradcheck.py", "gradcheck")}
"""Functions whose parameters are the options of a command."""
BUILT_BY_PLACE = {("graph/node.py", "Op")}
"""Dataclasses of which many are made, with the same few parts in front every time."""


def docstrings(tree):
    """Line and text of every docstring, those under constants and fields included."""
    for node in ast.walk(tree):
        body = getattr(node, "body", None)
        for each in body if isinstance(body, list) else ():
            value = each.value if isinstance(each, ast.Expr) else None
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                yield each.lineno, value.value.strip()


def functions(tree):
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def test_no_docstring_leans_on_what_stands_elsewhere():
    found = [
        f"{file}:{line} {text[:60]}"
        for file, tree in TREES.items()
        for line, text in docstrings(tree)
        if LEANING.match(text)
    ]
    assert not found, "\n".join(found)


def test_every_public_function_and_class_of_a_module_has_a_docstring():
    found = [
        f"{file}:{node.lineno} {node.name}"
        for file, tree in TREES.items()
        for node in (tree, *tree.body)
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
        if ast.get_docstring(node) is None
    ]
    assert not found, "\n".join(found)


def test_a_name_of_a_public_class_means_one_class():
    """Whoever reads a traceback can tell which one it is."""
    homes = defaultdict(list)
    for file, tree in TREES.items():
        for node in tree.body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(file)
    assert {name: files for name, files in homes.items() if len(files) > 1} == {}


def test_functions_fit_a_screen():
    found = [
        f"{file}:{node.lineno} {node.name}: {node.end_lineno - node.lineno + 1} lines"
        for file, tree in TREES.items()
        for node in functions(tree)
        if node.end_lineno - node.lineno + 1 > LONGEST_FUNCTION
    ]
    assert not found, "\n".join(found)


def test_functions_take_few_parameters():
    found = []
    for file, tree in TREES.items():
        for node in functions(tree):
            names = [each.arg for each in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)]
            count = len([name for name in names if name not in ("self", "cls")])
            if count > MOST_PARAMETERS and (file, node.name) not in COMMANDS:
                found.append(f"{file}:{node.lineno} {node.name}: {count}")
    assert not found, "\n".join(found)


def test_dataclasses_of_many_fields_are_built_by_keyword():
    """Two numbers that changed places would not be seen."""
    found = []
    for file, tree in TREES.items():
        for node in (each for each in ast.walk(tree) if isinstance(each, ast.ClassDef)):
            made = " ".join(ast.unparse(each) for each in node.decorator_list)
            fields = [
                each
                for each in node.body
                if isinstance(each, ast.AnnAssign)
                and "ClassVar" not in ast.unparse(each.annotation)
                and "init=False" not in ast.unparse(each)
            ]
            by_place = "dataclass" in made and "kw_only=True" not in made
            if by_place and len(fields) > MOST_BY_PLACE and (file, node.name) not in BUILT_BY_PLACE:
                found.append(f"{file}:{node.lineno} {node.name}: {len(fields)} fields")
    assert not found, "\n".join(found)
