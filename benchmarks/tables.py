"""Test scores on ten well-known tables, beside scikit-learn's MLP.

    pip install '.[benchmark]'
    python benchmarks/tables.py                            # the sets that are shipped
    python benchmarks/tables.py --data DIR                 # all ten; where in DIR: see SETS
    python benchmarks/tables.py --data DIR adult titanic   # these two
    python benchmarks/tables.py --seeds 20 --set executor=numpy

Each set is trained from its file in configs/, once per seed; the seed chooses split, first weights and
order of the rows. scikit-learn is given the very same prepared matrices and split, the same architecture,
solver, batch size, penalty and number of epochs. First weights and order of the rows are each library's
own: both draw the weights by Glorot's rule, biases start at 0 here and random there.

Score: accuracy in % on the test rows, or RMSE in the target's units; mean ± standard deviation over the
seeds. Difference: ours less scikit-learn's, in points, or in % of its RMSE. A set is WORSE, and the exit
code 1, when the mean is more than one point of accuracy or 3 % of RMSE worse. Seconds: median over the
seeds. Ours are all of `train` but reading and preparing the data: compiling, epochs, the scores it prints,
the run folder and the test score; scikit-learn's are those of `fit`. Ratio: scikit-learn's seconds by ours.
Both run in this process with the same number of BLAS threads.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median, pstdev
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning  # type: ignore[import-untyped]
from sklearn.neural_network import MLPClassifier, MLPRegressor  # type: ignore[import-untyped]
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

from mlpcli.api import train
from mlpcli.config.schema import StopConfig
from mlpcli.errors import MlpError
from mlpcli.optim.optimizer import StepOptimizer
from mlpcli.optim.optimizers.adam import Adam
from mlpcli.optim.optimizers.sgd import Sgd
from mlpcli.problem.build import prepare
from mlpcli.problem.problem import Problem

CONFIGS = Path(__file__).resolve().parents[1] / "configs"

SETS: dict[str, dict[str, str]] = {
    "iris": {},
    "wine": {},
    "breast-cancer": {},
    "digits": {},
    "adult": {"data.train": "adult/adult-train.csv.gz", "data.test": "adult/adult-test.csv.gz"},
    "titanic": {"data.train": "titanic/train.csv"},
    "california-housing": {"data.train": "california-housing/housing.csv"},
    "wine-quality": {"data.train": "wine-quality/winequality-red.csv"},
    "concrete": {"data.train": "concrete/concrete.csv"},
    "auto-mpg": {"data.train": "auto-mpg/mpg.csv"},
}
"""Config name -> the files it needs below DIR; none where the set is shipped."""

MOST_POINTS, MOST_PERCENT = 1.0, 3.0
"""How much worse than scikit-learn a mean may be: points of accuracy, % of RMSE."""

ACTIVATIONS = {"Tanh": "tanh", "Relu": "relu", "Sigmoid": "logistic", "Linear": "identity"}
"""Ours, by class -> scikit-learn's."""


class NotMirrored(Exception):
    """scikit-learn has nothing that trains as the config says."""


@dataclass(frozen=True)
class Result:
    """One set: what was trained, and for each seed (score, seconds) of both."""

    name: str
    regression: bool
    rows: int
    inputs: int
    network: str
    epochs: int
    ours: list[tuple[float, float]]
    theirs: list[tuple[float, float]]

    @property
    def difference(self) -> float:
        """Ours less theirs: points of accuracy, or % of their RMSE."""
        ours, theirs = (fmean(score for score, _ in pairs) for pairs in (self.ours, self.theirs))
        return 100 * (ours / theirs - 1) if self.regression else ours - theirs

    @property
    def worse(self) -> bool:
        """By more than the tolerance."""
        return self.difference > MOST_PERCENT if self.regression else self.difference < -MOST_POINTS

    def cells(self) -> list[str]:
        """The row of the table, see HEADER."""
        seconds = [median(taken for _, taken in pairs) for pairs in (self.ours, self.theirs)]
        return [
            self.name,
            f"{self.rows:,}",
            str(self.inputs),
            self.network,
            str(self.epochs),
            "RMSE" if self.regression else "%",
            mean_and_spread(self.ours),
            mean_and_spread(self.theirs),
            f"{self.difference:+.2f} {'%' if self.regression else 'points'}",
            *(f"{taken:.3f}" for taken in seconds),
            f"{seconds[1] / seconds[0]:.1f}",
            "WORSE" if self.worse else "fine",
        ]


HEADER = [
    *("set", "rows", "inputs", "network", "epochs", "score", "mlp", "scikit-learn", "difference"),
    *("mlp, s", "scikit-learn, s", "ratio", "verdict"),
]


def mean_and_spread(pairs: Sequence[tuple[float, float]]) -> str:
    """Of the scores of (score, seconds), with as many digits as are of use."""
    values = [score for score, _ in pairs]
    digits = 3 if fmean(values) < 10 else 2 if fmean(values) < 1000 else 0
    return f"{fmean(values):.{digits}f} ± {pstdev(values):.{digits}f}"


def scikit_learn_model(prepared: Problem, seed: int) -> MLPClassifier | MLPRegressor:
    """scikit-learn's MLP that trains as the config says. Raises NotMirrored."""
    config, optimizer = prepared.config, prepared.optimizer
    regression = prepared.dataset.task == "regression"
    *hidden, output = prepared.network.layers
    activations = {type(layer.activation).__name__ for layer in hidden} or {"Relu"}
    classes = 0 if regression else prepared.dataset.preparation.outputs
    ending = "Linear" if regression else "Sigmoid" if classes == 2 else "Softmax"
    if (
        len(activations) > 1
        or not activations <= ACTIVATIONS.keys()
        or type(output.activation).__name__ != ending
        or prepared.head.loss_name not in ("squared_error", "cross_entropy", "binary_cross_entropy")
        or prepared.dataset.task == "multilabel"
    ):
        raise NotMirrored("no such network in scikit-learn")
    if prepared.dataset.validation is not None or config.training.stop != StopConfig():
        raise NotMirrored("scikit-learn chooses its own validation rows: drop validation and stop")
    if optimizer.l1 or optimizer.penalise_biases:
        raise NotMirrored("scikit-learn has no l1 penalty, and none on biases")
    if any(layer.normalization or layer.dropout for layer in config.network.hidden):
        raise NotMirrored("scikit-learn has neither normalisation nor dropout")
    if not all(layer.trainable for layer in (*config.network.hidden, config.network.output)):
        raise NotMirrored("scikit-learn trains all layers")
    if config.start_from or prepared.dataset.weighting or getattr(prepared.head.loss, "label_smoothing", 0.0):
        raise NotMirrored(
            "scikit-learn is given neither first weights, nor weights of rows, nor smoothed labels"
        )
    if not isinstance(optimizer, StepOptimizer) or optimizer.automatic:
        raise NotMirrored("scikit-learn is given a learning rate")
    if optimizer.schedule or optimizer.warm_up or optimizer.clip_norm or optimizer.clip_value:
        raise NotMirrored("scikit-learn has no such schedules, no warm-up, no clipping")

    # Its loss for regression is ½(a - y)², ours (a - y)²: half the gradient, hence twice the rate for sgd
    # (Adam's step does not change when the cost is scaled). Its penalty is ½·alpha·Σw² over the rows of
    # the batch, ours l2·Σw²: equal for alpha = 2·l2·batch, or l2·batch beside the halved loss.
    half = 0.5 if regression else 1.0
    settings: dict[str, Any] = {"learning_rate_init": optimizer.learning_rate}
    if type(optimizer) is Adam:  # Adamw is one too
        settings |= {
            "solver": "adam",
            "beta_1": optimizer.beta1,
            "beta_2": optimizer.beta2,
            "epsilon": optimizer.epsilon,
        }
    elif type(optimizer) is Sgd:
        settings |= {
            "solver": "sgd",
            "learning_rate_init": optimizer.learning_rate / half,
            "momentum": optimizer.momentum,
            "nesterovs_momentum": optimizer.nesterov,
        }
    else:
        raise NotMirrored(f"no such optimiser in scikit-learn: {type(optimizer).__name__}")
    return (MLPRegressor if regression else MLPClassifier)(
        hidden_layer_sizes=[layer.units for layer in hidden],
        activation=ACTIVATIONS[activations.pop()],
        alpha=2 * half * optimizer.l2 * prepared.batch_rows,
        batch_size=prepared.batch_rows,
        max_iter=config.training.epochs,
        shuffle=config.training.shuffle,
        random_state=seed,
        # Neither of the two may end it before the last epoch.
        tol=0.0,
        n_iter_no_change=config.training.epochs,
        **settings,
    )


def run_scikit_learn(prepared: Problem, seed: int) -> tuple[float, float]:
    """Test score and seconds of `fit`."""
    model = scikit_learn_model(prepared, seed)
    pair = fit_and_score(model, prepared)
    assert model.n_iter_ == prepared.config.training.epochs
    return pair


def fit_and_score(
    model: MLPClassifier | MLPRegressor, prepared: Problem, clock: Callable[[], float] = time.perf_counter
) -> tuple[float, float]:
    """Test score and seconds of scikit-learn's `fit` on the prepared matrices."""
    dataset = prepared.dataset
    test = dataset.test
    assert test is not None
    regression = dataset.task == "regression"
    targets = dataset.training.targets
    if regression and targets.shape[1] == 1:
        targets = targets[:, 0]  # as it wants a single target
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a fixed number of epochs is what we ask for
        started = clock()
        model.fit(dataset.training.inputs, targets)
        seconds = clock() - started
    predicted = model.predict(test.inputs)
    if not regression:
        return 100 * float(np.mean(predicted == test.targets)), seconds
    unscale = dataset.preparation.unscale
    error = unscale(predicted.reshape(test.targets.shape)) - unscale(test.targets)
    return float(np.sqrt(np.mean(error**2))), seconds


def run_ours(
    config: Path, overrides: Sequence[str], clock: Callable[[], float] = time.perf_counter
) -> tuple[Problem, tuple[float, float]]:
    """What was prepared; test score and seconds of `train` without preparing."""
    started = clock()
    prepared = prepare(config, overrides)
    between = clock()
    with tempfile.TemporaryDirectory() as runs:
        run = train(config, overrides, runs=runs)
        seconds = clock() - between - (between - started)
    assert run.test is not None, f"{config.name} keeps no test rows"
    if run.test.regression_scores:
        squares = [scores.rmse**2 for scores in run.test.regression_scores.values()]
        return prepared, (float(np.sqrt(fmean(squares))), seconds)
    (scores,) = run.test.class_scores.values()
    return prepared, (100 * scores.accuracy, seconds)


def run_set(name: str, overrides: Sequence[str], seeds: int) -> Result:
    """Both libraries, seed by seed in turn, so that a busy machine hits both."""
    config = CONFIGS / f"{name}.yaml"
    ours, theirs = [], []
    for seed in range(seeds):
        prepared, pair = run_ours(config, [*overrides, f"seed={seed}"])
        ours.append(pair)
        theirs.append(run_scikit_learn(prepared, seed))
    dataset = prepared.dataset
    layers = [f"{layer.units} {type(layer.activation).__name__.lower()}" for layer in prepared.network.layers]
    rows = sum(part.rows for part in (dataset.training, dataset.test) if part is not None)
    regression = dataset.task == "regression"
    epochs = prepared.config.training.epochs
    return Result(name, regression, rows, dataset.width, ", ".join(layers), epochs, ours, theirs)


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """In Markdown, aligned for a terminal too."""
    lines = [header, *rows]
    widths = [max(len(line[at]) for line in lines) for at in range(len(header))]
    lines.insert(1, ["-" * max(width, 1) for width in widths])
    for line in lines:
        print("| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) + " |")


def main() -> int:
    """0 when no set is worse than scikit-learn, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("sets", nargs="*", metavar="SET", help=f"of {', '.join(SETS)}; default: all")
    parser.add_argument("--data", type=Path, metavar="DIR", help="folder of the sets that are not shipped")
    parser.add_argument("--seeds", type=int, default=5, metavar="N", help="0 to N-1 (default: 5)")
    parser.add_argument("--threads", type=int, default=1, help="BLAS threads of both (default: 1)")
    parser.add_argument("--set", dest="overrides", action="append", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()
    if unknown := [name for name in arguments.sets if name not in SETS]:
        parser.error(f"unknown: {', '.join(unknown)}; known: {', '.join(SETS)}")
    if arguments.seeds < 1:
        parser.error("--seeds must be at least 1")

    results = []
    with threadpool_limits(limits=arguments.threads):
        for name in arguments.sets or SETS:
            if SETS[name] and arguments.data is None:
                print(f"{name}: left out, it is not shipped (--data DIR)", file=sys.stderr)
                continue
            files = [f"{key}={(arguments.data / path).resolve()}" for key, path in SETS[name].items()]
            try:
                results.append(run_set(name, [*files, *arguments.overrides], arguments.seeds))
            except (MlpError, NotMirrored) as error:
                parser.error(f"{name}: {error}")
            print(f"{name}: done", file=sys.stderr)
    print_table(HEADER, [result.cells() for result in results])
    return int(any(result.worse for result in results))


if __name__ == "__main__":
    sys.exit(main())
