from __future__ import annotations

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from mlpcli.config import paths

NAMES = st.lists(st.sampled_from(["a", "b c", "..", "~x", "é", "0.2"]), min_size=1, max_size=5).map("/".join)


@given(NAMES, NAMES, NAMES)
def test_a_relative_path_works_from_the_other_folder(text: str, folder: str, other: str) -> None:
    base, target = Path("/r/s/t/u/v/w") / folder, Path("/r/s/t/u/v/w") / other
    found = paths.absolute(f"./{text}", base)
    assert paths.absolute(paths.relative(found, target), target) == found


def test_a_folder_called_tilde_is_not_home() -> None:
    assert paths.relative("/r/~x/a.csv", Path("/r")) == "./~x/a.csv"


def test_home_is_expanded() -> None:
    assert paths.absolute("~/a.csv", Path("/r")) == str(Path.home() / "a.csv")
    assert not paths.is_relative("~/a.csv")
    assert paths.is_relative("a/~/b.csv")


def test_trouble_names_the_nearest_file(tmp_path: Path) -> None:
    (tmp_path / "iris.csv").write_text("a\n")
    assert paths.trouble(str(tmp_path / "iris.csv")) is None
    missing = paths.trouble(str(tmp_path / "iris.cvs"))
    assert missing == (f"There is no file {tmp_path}/iris.cvs.", f"Did you mean {tmp_path}/iris.csv?")
    unlike = paths.trouble(str(tmp_path / "titanic.csv"))
    assert unlike is not None
    assert unlike[1] == "Check the name."
    folder = paths.trouble(str(tmp_path))
    assert folder is not None
    assert "is a folder" in folder[0]
    nowhere = paths.trouble(str(tmp_path / "x" / "y.csv"))
    assert nowhere is not None
    assert nowhere[1] == f"There is no folder {tmp_path}/x either."
    strange = paths.trouble(str(tmp_path / "x\0y"))
    assert strange is not None
    assert strange[1] == "Check the name."


def test_patterns_are_paths_where_they_fit_a_file(tmp_path: Path) -> None:
    (tmp_path / "part-1.csv").write_text("a\n")
    (tmp_path / "folder-1").mkdir()
    assert paths.trouble(str(tmp_path / "part-*.csv")) is None
    assert paths.trouble(str(tmp_path / "part-[0-9].csv")) is None
    for none in ("part-?.tsv", "folder-*"):
        missing = paths.trouble(str(tmp_path / none))
        assert missing is not None
        assert missing[0] == f"There is no file that fits {tmp_path}/{none}."


def test_standard_input_is_no_relative_path(tmp_path: Path) -> None:
    assert paths.absolute("-", tmp_path) == "-"
    assert not paths.is_relative("-")
    assert paths.trouble("-") is None
    assert paths.trouble("-", folder=True) is not None
