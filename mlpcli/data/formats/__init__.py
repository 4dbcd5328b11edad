"""One file per format; each offers a Reader of its own name."""

from __future__ import annotations

from mlpcli.data.reader import Reader
from mlpcli.registry import Registry

FORMATS: Registry[type[Reader]] = Registry("mlpcli.data.formats", __path__)
