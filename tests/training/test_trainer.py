"""What `train` tells and keeps of what it finds."""

import subprocess
import sys
from pathlib import Path

import pytest

from mlpcli import train
from mlpcli.diagnose.monitoring import Monitoring
from mlpcli.errors import RunFailed
from mlpcli.runs.checkpoint import Checkpoint
from mlpcli.training.events import EpochDone, ReportedFinding, RunEnded, Started
from sampling import sampled

CONFIGS = Path(__file__).parents[2] / "configs"
STUCK = ["seed=5", "training.epochs=2000", "training.print_every=100"]


def weights(run):
    state = Checkpoint.read(run.path / "checkpoint.npz").groups["state"]
    return {name: array.tobytes() for name, array in state.items()}


MONITORED = [
    (config, more, executor)
    for config, more in (("xor-tanh", (*STUCK, "training.epochs=200")), ("iris", ("data.validation=0.2",)))
    for executor in ("numpy", "auto")
]


@pytest.mark.parametrize(
    ("config", "overrides", "executor"),
    sampled(MONITORED, lambda case: (case[0] == "iris") == (case[2] == "numpy")),
)
def test_monitors_change_no_bit(config, overrides, executor, tmp_path):
    overrides = [*overrides, f"executor={executor}"]
    on, off = (
        train(CONFIGS / f"{config}.yaml", [*overrides, f"training.monitors={each}"], tmp_path)
        for each in ("true", "false")
    )
    assert weights(on) == weights(off)
    assert [{**record, "seconds": 0} for record in on.history] == [
        {**record, "seconds": 0} for record in off.history
    ]


def test_switched_off_they_are_not_even_made(tmp_path, monkeypatch):
    def never(*args):
        raise AssertionError("made")

    monkeypatch.setattr(Monitoring, "__init__", never)
    run = train(CONFIGS / "xor-tanh.yaml", [*STUCK, "training.monitors=false"], tmp_path)
    assert run.findings == ()
    assert (run.path / "findings.json").read_text(encoding="utf-8") == "[]\n"


def test_switched_off_they_are_not_even_imported(tmp_path):
    config = CONFIGS / "xor-tanh.yaml"
    script = (
        "import sys\nfrom mlpcli import train\n"
        f"train({str(config)!r}, ['training.monitors=false', 'training.epochs=2'], {str(tmp_path)!r})\n"
        "print(any(name.startswith('mlpcli.diagnose') for name in sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]


def test_a_finding_is_reported_once_and_after_its_epoch(tmp_path):
    events = []
    run = train(CONFIGS / "xor-tanh.yaml", STUCK, tmp_path, events.append)
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], RunEnded)
    [at] = [at for at, event in enumerate(events) if isinstance(event, ReportedFinding)]
    assert events[at].finding.rule == "stalled_at_baseline"
    before = [event for event in events[:at] if isinstance(event, EpochDone)]
    assert before[-1].number == events[at].epoch
    assert run.findings == (events[at],)


def test_the_same_seed_finds_the_same(tmp_path):
    first, second = (train(CONFIGS / "xor-tanh.yaml", STUCK, tmp_path).findings for _ in range(2))
    assert first == second


@pytest.mark.parametrize("executor", ["numpy", "auto"])
@pytest.mark.parametrize("where", ["training", "validation"])
def test_a_lost_cost_is_traced_to_layer_epoch_batch_and_row(tmp_path, executor, where):
    """One row is so large that its square is not a number any more; a line before it is empty."""
    rows = [f"{at},{at % 3}" for at in range(1, 12)]
    bad = [*rows[:6], "", "1e25,1", *rows[6:]]
    (tmp_path / "good.csv").write_text("\n".join(["a,b", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_text("\n".join(["a,b", *bad]) + "\n", encoding="utf-8")
    train_on, more = ("bad", "") if where == "training" else ("good", ", validation: bad.csv")
    (tmp_path / "c.yaml").write_text(
        f"data: {{train: {train_on}.csv, target: b, task: regression, scaling: none{more}}}\n"
        "network: {hidden: [{units: 2, activation: leaky_relu}]}\n"
        "optimiser: {name: sgd, learning_rate: 1e-6}\n"
        "training: {epochs: 3, batch_size: 4, shuffle: false}\nprecision: float32\n",
        encoding="utf-8",
    )
    with pytest.raises(RunFailed) as caught:
        train(tmp_path / "c.yaml", [f"executor={executor}"], tmp_path / "runs")
    [fault] = caught.value.faults
    assert fault.where == "epoch 1"
    assert f"bad.csv line 9{'.' if where == 'validation' else ''}" in fault.what
    assert "it began in the loss" in fault.what
    batch = "in batch 2" if where == "training" else "on the validation rows"
    assert batch in fault.what
    assert "initial weights" in fault.remedy
