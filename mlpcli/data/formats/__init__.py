"""One file per format; each offers a Reader of its own name."""

from __future__ import annotations

from mlpcli.data.reader import Reader
from mlpcli.registry import Choices

FORMATS: Choices[type[Reader]] = Choices("mlpcli.data.formats", __path__)
