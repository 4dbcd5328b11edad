"""The reading of a file for training is told as it goes on, block by block, to its end."""

from pathlib import Path

from mlpcli import train


def test_a_training_tells_how_far_its_file_is_read(tmp_path: Path) -> None:
    rows = 40_000
    lines = "".join(f"{at % 97 / 7:.6f},{at % 89},{'ab'[at % 2]}\n" for at in range(rows))
    (tmp_path / "d.csv").write_text("x,z,y\n" + lines, encoding="utf-8")
    told: list[tuple[int, int | None, int | None]] = []
    config = {"data": {"train": str(tmp_path / "d.csv"), "target": "y"}, "training": {"epochs": 1}}
    train(config, runs=tmp_path, progress=lambda *progress: told.append(progress))
    size = (tmp_path / "d.csv").stat().st_size
    assert len(told) > 1
    assert sum(count for count, _, _ in told) == rows
    done = [at for _, at, _ in told]
    assert done == sorted(done)
    assert (done[-1], {total for _, _, total in told}) == (size, {size})
