"""Paths in settings: made absolute, looked for, and written anew for another folder."""

from __future__ import annotations

import glob
import os
from difflib import get_close_matches
from pathlib import Path

STANDARD_INPUT = "-"


def absolute(text: str, folder: Path) -> str:
    """Return the path a setting means, `-` as it is; `folder` is what a relative one starts from."""
    if text == STANDARD_INPUT:
        return text
    return os.path.abspath(os.path.join(folder, os.path.expanduser(text)))


def is_relative(text: str) -> bool:
    """Tell whether a path is relative."""
    return text != STANDARD_INPUT and not os.path.isabs(os.path.expanduser(text))


def relative(path: str, folder: Path) -> str:
    """Write the file as a path that works from `folder`; absolute where there is none (another drive)."""
    try:
        text = Path(os.path.relpath(path, os.path.abspath(folder))).as_posix()
    except ValueError:
        return path
    return f"./{text}" if text.startswith("~") else text


def trouble(path: str, folder: bool = False, elsewhere: str = "") -> tuple[str, str] | None:
    """Say why this is no file (or folder) that can be read, and what to do; None where it is one.

    A pattern such as part-*.csv is one where it fits a file, and `-` is standard input. elsewhere: what else
    may be done.
    """
    if os.path.isdir(path) and not folder:
        return f"{path} is a folder, not a file.", "Name a file in it."
    if os.path.exists(path) or (path == STANDARD_INPUT and not folder):
        return None
    if glob.has_magic(path) and not folder:
        if any(map(os.path.isfile, glob.iglob(path, recursive=True))):
            return None
        remedy = "Check the folder and the ending; * stands for any letters, ** for any folders."
        return f"There is no file that fits {path}.", remedy + elsewhere
    return f"There is no file {'or folder ' if folder else ''}{path}.", nearest_file(path, elsewhere)


def nearest_file(path: str, elsewhere: str = "") -> str:
    """Return a remedy: a file of a similar name in the same folder, or the folder that is missing."""
    folder, name = os.path.split(path)
    try:
        names = os.listdir(folder or os.curdir)
    except (OSError, ValueError):
        return f"There is no folder {folder} either." + elsewhere
    close = get_close_matches(name, names, n=1, cutoff=0.75)
    return (f"Did you mean {os.path.join(folder, close[0])}?" if close else "Check the name.") + elsewhere
