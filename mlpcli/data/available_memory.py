"""The memory that this process may still take, by the machine, its control group and its own limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

UNKNOWN = 1 << 62
"""The answer where nothing limits memory, or nothing tells."""


def available_memory(root: Path = Path("/")) -> int:
    """Return the bytes that may still be taken; files that are mapped need none. root: of the file system."""
    return min(_of_machine(root), *_of_groups(root), *_of_limits(root))


def _of_machine(root: Path) -> int:
    found = _numbers(root / "proc/meminfo")
    if "MemAvailable" in found:
        return found["MemAvailable"] * 1024
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return UNKNOWN


def _of_groups(root: Path) -> Iterator[int]:
    """Yield what each control group of the process, and each above it, has left (cgroups 1 and 2)."""
    yield UNKNOWN
    with suppress(OSError):
        for line in (root / "proc/self/cgroup").read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if not controllers:
                names = ("memory.max", "memory.current", "inactive_file")
                mounted = root / "sys/fs/cgroup"
            elif "memory" in controllers.split(","):
                names = ("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
                mounted = root / "sys/fs/cgroup/memory"
            else:
                continue
            group = Path(path.lstrip("/"))
            # In a container the folder of the group may be the mounted one itself.
            for each in dict.fromkeys((group, *group.parents, Path())):
                yield _left(mounted / each, *names)


def _left(group: Path, limit: str, usage: str, reclaimable: str) -> int:
    try:
        most = int((group / limit).read_text())
        used = int((group / usage).read_text())
    except (OSError, ValueError):  # "max": no limit
        return UNKNOWN
    return max(0, most - used + _numbers(group / "memory.stat").get(reclaimable, 0))


def _of_limits(root: Path) -> Iterator[int]:
    """Yield what is left of the limits of the process, as `ulimit -v` and `ulimit -d` set them."""
    try:
        import resource
    except ImportError:  # Windows has none
        return
    status = _numbers(root / "proc/self/status")
    for kind, used in ((resource.RLIMIT_AS, "VmSize"), (resource.RLIMIT_DATA, "VmData")):
        limit, _ = resource.getrlimit(kind)
        if limit != resource.RLIM_INFINITY:
            yield max(0, limit - status.get(used, 0) * 1024)


def _numbers(path: Path) -> dict[str, int]:
    """Return the first number of each line of a file, by the word before it; empty where there is no file."""
    found = {}
    with suppress(OSError):
        for line in path.read_text().splitlines():
            words = line.replace(":", " ").split()
            if len(words) > 1 and words[1].isdecimal():
                found[words[0]] = int(words[1])
    return found
