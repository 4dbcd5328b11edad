"""`mlp predict`, CSV to CSV, beside another build, pandas with scikit-learn, and pyarrow with onnxruntime.

    python benchmarks/predicting.py                             # 1,000,000 rows
    python benchmarks/predicting.py --rows 100000 --rounds 5
    python benchmarks/predicting.py --with ../old               # another checkout of mlp, too

The file has 16 columns of numbers, 3 of categories with 4 levels, and a target of 0 and 1; it is in the
page cache. A network of 32 and 16 units is trained on its first 20,000 rows for one epoch; scikit-learn
trains its own, and onnxruntime has one of that shape. Every contestant is a process of its own, run in turn;
told are the least CPU seconds (user and system, the whole process) over the rounds, the least seconds on the
clock, the least peak of memory and the ratio of CPU seconds to ours. What is not installed is left out.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from itertools import islice, pairwise
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve()
ROWS_TRAINED, CHUNK = 20_000, 65_536
NUMBERS = [f"n{at}" for at in range(1, 17)]
CATEGORIES = ["c1", "c2", "c3"]
LEVELS = ["red", "green", "blue", "black"]
CONFIG = """\
precision: {precision}
data: {{train: few.csv, target: y}}
network: {{hidden: [32, 16]}}
training: {{epochs: 1}}
"""
RUN = "from mlpcli.cli.main import main; main()"
"""What `mlp` does."""
PEERS = {
    "pandas + scikit-learn": ("sklearn", ("pandas", "sklearn")),
    "pyarrow + onnxruntime": ("onnx", ("pyarrow", "onnxruntime", "onnx")),
}
"""Contestant -> how this file is called to predict as it does, and the modules that it takes."""


def write_rows(path: str, count: str) -> None:
    """Write a CSV file of that many rows."""
    rows = int(count)
    rng = np.random.default_rng(0)
    with Path(path).open("w", encoding="utf-8") as file:
        file.write(",".join([*NUMBERS, *CATEGORIES, "y"]) + "\n")
        for start in range(0, rows, 100_000):
            some = min(100_000, rows - start)
            numbers = rng.normal(size=(some, len(NUMBERS))) * 10
            levels = rng.integers(0, len(LEVELS), (some, len(CATEGORIES)))
            target = numbers[:, 0] + numbers[:, 1] / 2 + levels[:, 0] * 5 > 7
            for row, codes, label in zip(numbers.tolist(), levels.tolist(), target.tolist(), strict=True):
                cells = [*(f"{number:.4f}" for number in row), *(LEVELS[code] for code in codes)]
                file.write(",".join(cells) + f",{int(label)}\n")


def measured(command: Sequence[str]) -> tuple[float, float, float]:
    """Run a process; return its CPU seconds, seconds and peak memory in MB."""
    start = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"failed: {' '.join(command)}")
    unit = 2**20 if sys.platform == "darwin" else 2**10
    return used.ru_utime + used.ru_stime, time.perf_counter() - start, used.ru_maxrss / unit


def trained_sklearn(path: str):  # type: ignore[no-untyped-def]
    """Return a pipeline fitted to the rows of a file."""
    import pandas as pd
    from sklearn.compose import ColumnTransformer
    from sklearn.neural_network import MLPClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    frame = pd.read_csv(path)
    columns = ColumnTransformer(
        [("numbers", StandardScaler(), NUMBERS), ("levels", OneHotEncoder(), CATEGORIES)], sparse_threshold=0
    )
    network = MLPClassifier((32, 16), max_iter=1, random_state=0)
    return make_pipeline(columns, network).fit(frame, frame["y"])


def predict_sklearn(few: str, data: str, output: str) -> None:
    """Predict in chunks with pandas and scikit-learn; the model is trained or loaded before."""
    import joblib  # type: ignore[import-untyped]
    import pandas as pd

    model = Path(output).with_suffix(".joblib")
    if not model.exists():
        joblib.dump(trained_sklearn(few), model)
        return
    fitted = joblib.load(model)
    for number, frame in enumerate(pd.read_csv(data, chunksize=CHUNK)):
        shares = fitted.predict_proba(frame)
        found = pd.DataFrame(shares, columns=["p_0", "p_1"])
        found.insert(0, "y", fitted.classes_[shares.argmax(1)])
        found.to_csv(output, index=False, header=not number, mode="a" if number else "w")


def predict_onnx(few: str, data: str, output: str) -> None:
    """Predict in batches with pyarrow and onnxruntime; the model is made before."""
    model = Path(output).with_suffix(".onnx")
    if not model.exists():
        model.write_bytes(_onnx_model(few))
        return
    import onnxruntime as ort
    import pyarrow as pa
    import pyarrow.csv

    session = ort.InferenceSession(str(model))
    places = {level: place for place, level in enumerate(sorted(LEVELS))}
    identity = np.eye(len(LEVELS), dtype=np.float32)
    schema = pa.schema([("y", pa.int64()), ("p_0", pa.float32()), ("p_1", pa.float32())])
    with pa.csv.CSVWriter(output, schema) as writer:
        for batch in pa.csv.open_csv(data):
            numbers = [batch[name].to_numpy() for name in NUMBERS]
            parts = [np.column_stack(numbers).astype(np.float32)]
            for name in CATEGORIES:
                coded = batch[name].dictionary_encode()
                order = np.array([places[level] for level in coded.dictionary.to_pylist()])
                parts.append(identity[order[coded.indices.to_numpy()]])
            second = session.run(None, {"x": np.concatenate(parts, axis=1)})[0][:, 0]
            columns = [(second > 0.5).astype(np.int64), 1 - second, second]
            writer.write_batch(pa.record_batch([pa.array(each) for each in columns], schema=schema))


def _onnx_model(few: str) -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    data = np.genfromtxt(few, delimiter=",", skip_header=1, usecols=range(len(NUMBERS)))
    rng = np.random.default_rng(0)
    widths = [len(NUMBERS) + len(CATEGORIES) * len(LEVELS), 32, 16, 1]
    shift, scale = np.zeros(widths[0], np.float32), np.ones(widths[0], np.float32)
    shift[: len(NUMBERS)], scale[: len(NUMBERS)] = data.mean(0), data.std(0)
    values = {"shift": shift, "scale": scale}
    nodes = [helper.make_node("Sub", ["x", "shift"], ["s"]), helper.make_node("Div", ["s", "scale"], ["h0"])]
    for at, (width, units) in enumerate(pairwise(widths)):
        values[f"w{at}"] = rng.normal(0, width**-0.5, (width, units)).astype(np.float32)
        values[f"b{at}"] = np.zeros(units, np.float32)
        last = at == len(widths) - 2
        nodes.append(helper.make_node("Gemm", [f"h{at}", f"w{at}", f"b{at}"], [f"z{at}"]))
        nodes.append(
            helper.make_node("Sigmoid" if last else "Relu", [f"z{at}"], ["p" if last else f"h{at + 1}"])
        )
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, widths[0]])],
        [helper.make_tensor_value_info("p", TensorProto.FLOAT, [None, 1])],
        [numpy_helper.from_array(value, name) for name, value in values.items()],
    )
    opset = helper.make_opsetid("", 17)
    model: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=8).SerializeToString()
    return model


def contestants(folder: Path, data: Path, precision: str, other: Path | None) -> dict[str, list[str]]:
    """Train all models; return the commands that predict, by contestant."""
    found = {"ours": HERE.parents[1]}
    if other is not None:
        found["other build"] = other.resolve()
    commands = {}
    (folder / "c.yaml").write_text(CONFIG.format(precision=precision), encoding="utf-8")
    for name, checkout in found.items():
        # The checkout comes before an installed one, and before the working directory.
        mlp = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(checkout)!r}); {RUN}"]
        runs = folder / name.replace(" ", "-")
        measured([*mlp, "train", str(folder / "c.yaml"), "--runs", str(runs)])
        commands[name] = [*mlp, "predict", str(runs / "c-1"), str(data), "-o", str(runs / "out.csv")]
    for name, (kind, modules) in PEERS.items():
        if all(find_spec(module) for module in modules):
            command = [sys.executable, str(HERE), "--as", kind, str(folder / "few.csv"), str(data)]
            commands[name] = [*command, str(folder / f"{kind}.csv")]
            measured(commands[name])  # the first call makes the model
    return commands


def main() -> None:
    """Measure, and print a table."""
    if sys.argv[1:2] == ["--as"]:
        {"rows": write_rows, "sklearn": predict_sklearn, "onnx": predict_onnx}[sys.argv[2]](*sys.argv[3:])
        return
    parser = argparse.ArgumentParser(description="mlp predict beside others.")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precision", choices=["float32", "float64"], default="float32")
    parser.add_argument("--with", type=Path, dest="other", help="another checkout of mlp")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data = folder / "rows.csv"
        # In a process of its own: the peak of a child counts from that of its parent.
        measured([sys.executable, str(HERE), "--as", "rows", str(data), str(arguments.rows)])
        with data.open(encoding="utf-8") as file:
            few = "".join(islice(file, ROWS_TRAINED + 1))
        (folder / "few.csv").write_text(few, encoding="utf-8")
        commands = contestants(folder, data, arguments.precision, arguments.other)
        rounds = [
            {name: measured(command) for name, command in commands.items()} for _ in range(arguments.rounds)
        ]
        least = {
            name: [min(each) for each in zip(*(turn[name] for turn in rounds), strict=True)]
            for name in commands
        }
    print(f"{arguments.rows:,} rows, {arguments.precision}")
    print(f"{'':24}{'CPU s':>8}{'s':>8}{'peak MB':>9}{'CPU / ours':>12}")
    for name, (cpu, seconds, peak) in least.items():
        print(f"{name:24}{cpu:8.2f}{seconds:8.2f}{peak:9.0f}{cpu / least['ours'][0]:12.2f}")


if __name__ == "__main__":
    main()
