"""The folder of the user's own in which files are kept that can be made again."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder(name: str) -> Path | None:
    """Return the folder that the operating system wants files of this kind in; None without a home."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA", "")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME", "")
        if not os.path.isabs(base):  # such are to be ignored: XDG Base Directory Specification 0.8
            base = os.path.expanduser("~/.cache")
    return Path(base, "mlp", name) if os.path.isabs(base) else None


def made_private(folder: Path) -> bool:
    """Make the folder if need be; return whether it is there and private. Raises OSError."""
    if sys.platform != "win32" and os.geteuid() == 0:
        there = next(each for each in folder.parents if each.exists())
        if there.stat().st_uid != 0:  # sudo: what root makes in a user's home, the user could never use
            return False
    for each in (folder.parent.parent, folder.parent, folder):
        each.mkdir(0o700, parents=True, exist_ok=True)
    return is_private(folder)


def is_private(folder: Path) -> bool:
    """Return whether nobody else can have put a file there: what is found is used as it is.

    The folder above counts too, for who may write there can exchange this one.
    """
    if sys.platform == "win32":
        return True  # %LOCALAPPDATA% lets in nobody else
    try:
        found = [os.stat(each) for each in (folder, folder.parent)]
    except OSError:
        return False
    return all(status.st_uid == os.geteuid() and not status.st_mode & 0o022 for status in found)
