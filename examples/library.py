"""Train, look, predict and find out why a config does not learn: the verbs of mlp from Python.

Run it anywhere: python examples/library.py. Its runs go to a temporary folder.
"""

import tempfile
from pathlib import Path

from mlpcli import MlpError, check, gradcheck, load, train

HERE = Path(__file__).parent


def main(runs: Path) -> None:
    # A config is a file, or a mapping with the same keys; overrides are what --set takes.
    config = HERE / "classification.yaml"
    problem = check(config)
    print(f"{problem.count} training rows, {problem.network.size} parameters")

    # `report` is called with every event of the training: epochs, notes, findings.
    events = []
    run = train(config, ["training.epochs=30", "seed=2"], runs, report=events.append)
    print(f"{len(events)} events, the last of them {type(events[-1]).__name__}; kept in {run.path.name}")

    # A model takes raw rows: a file, columns by name, a data frame. What it returns is in the user's words.
    model = load(run)
    scores = model.evaluate(HERE.parent / "datasets" / "wine.csv").as_json()
    print("accuracy of the test rows:", scores["targets"]["cultivar"]["accuracy"])

    # Why does a network not learn? The gravest cause comes first, with what to change. "fast" trains nothing.
    report = gradcheck(HERE / "does-not-learn.yaml", depth="fast")
    for found in report.findings:
        print(f"{found.finding.severity}: {found.finding.cause}")
        for remedy in found.finding.remedies[:1]:
            print("  try:", *remedy.changes)

    # Whatever is wrong with what you pass is an MlpError, with place, fault and remedy.
    try:
        check(config, "network.hidden[0].activation=tahn")
    except MlpError as error:
        print(error)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        main(Path(folder))
