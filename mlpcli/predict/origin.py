"""The data files that a run records: which they were, and which of their rows were in which part."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from mlpcli.config.load import load_config_text
from mlpcli.config.schema import Config
from mlpcli.data.files import sha256_of_all
from mlpcli.data.part_tables import divide
from mlpcli.data.schema.schema import Schema
from mlpcli.data.several import files_of
from mlpcli.data.table import Table
from mlpcli.errors import MlpError
from mlpcli.predict.model import Model
from mlpcli.problem.build import CHOICES
from mlpcli.problem.problem import random_stream
from mlpcli.runs.folder import CONFIG, MODEL, RunFolder, place_of
from mlpcli.runs.model_file import ModelFile
from mlpcli.runs.records import DataFile
from mlpcli.runs.summary import read_summary
from mlpcli.scoring.file_parts import FileParts

FILES = {
    "training": ("train", "labels"),
    "validation": ("validation", "validation_labels"),
    "test": ("test", "test_labels"),
}
"""Keys of the data section: of a part's file of rows, and of the file of labels beside it."""


@dataclass(frozen=True)
class Origin:
    """The data files that run.json records, and the config by which the training file was split.

    schema: of that file.
    """

    files: Mapping[str, DataFile]
    config: Config
    task: str
    schema: Schema

    def parts(self, path: str, labels: str | None, table: Table) -> FileParts | None:
        """Return the parts of the file that `table` was read from; None where it is none of the run's.

        The split is drawn once more, which takes the file, the seed and the config alone. Raises DataError
        where the file cannot be read.
        """
        digest = sha256_of_all(files_of(path))
        if digest is None:
            return None
        beside = None if labels is None else sha256_of_all(files_of(labels))
        lines = {}
        for part, (rows, classes) in FILES.items():
            if (self._sha256(rows), self._sha256(classes)) == (digest, beside):
                lines[part] = np.asarray(table.lines)
        if "training" in lines:
            data, stream = self.config.data, random_stream(self.config.seed, "split")
            drawn = divide(data, stream, table, self.task, self.schema)
            lines |= {part: np.asarray(rows.lines) for part, rows in drawn.items()}
        return FileParts(lines, self.config.training.folds is not None) if lines else None

    def _sha256(self, key: str) -> str | None:
        return self.files[key]["sha256"] if key in self.files else None


def load(path: str | Path, executor: str = "auto") -> Model:
    """Return the model of a run folder or a model file, ready to predict. executor: auto, numpy or native.

    A model in its run folder knows the data files of the run, see Model.evaluate. Raises ModelFileError where
    `path` is neither, or damaged; MissingExtraError without what native needs.
    """
    model = Model.load(path, executor)
    model.known = _origin(place_of(path), model.file)
    return model


def _origin(place: Path, file: ModelFile) -> Origin | None:
    """Return the data files of the run beside the model; None where there is no run, or it cannot be read."""
    folder = place if place.is_dir() else place.parent
    if place != folder and place.name != MODEL:
        return None
    try:
        made = read_summary(RunFolder(folder))["made"]
        # The model's own text, and not the folder's: that one may have been edited since.
        config = load_config_text(file.config, folder / CONFIG, (), CHOICES, check_files=False).config
    except MlpError:
        return None
    return Origin(made["data"], config, file.task, file.preparation.schema)
