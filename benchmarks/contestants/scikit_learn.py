"""scikit-learn's MLPClassifier and MLPRegressor: all of `fit`."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor

from contestants.work import BETA1, BETA2, EPSILON, CannotError, Training, Work

if TYPE_CHECKING:
    from numpy.typing import NDArray

ACTIVATIONS = {"sigmoid": "logistic", "tanh": "tanh", "relu": "relu"}


class GivenWeights:
    """Begins with given weights instead of drawing them, for which there is no parameter."""

    first: Iterator[NDArray[Any]]

    def _init_coef(self, fan_in: int, fan_out: int, dtype: Any) -> tuple[NDArray[Any], NDArray[Any]]:
        return next(self.first), next(self.first)


class Classifier(GivenWeights, MLPClassifier):
    pass


class Regressor(GivenWeights, MLPRegressor):
    pass


class ScikitLearn(Training):
    def __init__(self, work: Work) -> None:
        if work.activation not in ACTIVATIONS:
            raise CannotError(f"scikit-learn has no {work.activation}")
        self._work = work
        self._inputs, targets = work.rows()
        if work.loss == "cross_entropy":
            self._targets, self._model = targets.argmax(1), Classifier
        else:
            binary = work.loss == "binary_cross_entropy"
            self._targets, self._model = targets[:, 0], Classifier if binary else Regressor
        # Its squared error has a factor ½: twice the rate makes the same steps.
        self._factor = 2.0 if self._model is Regressor else 1.0

    def run(self, epochs: int) -> float:
        work = self._work
        model = self._model(
            hidden_layer_sizes=work.hidden,
            activation=ACTIVATIONS[work.activation],
            solver=work.optimizer,
            alpha=0,
            batch_size=work.batch,
            learning_rate_init=work.rate * self._factor,
            max_iter=epochs,
            shuffle=False,
            tol=0,
            momentum=0,
            n_iter_no_change=epochs,
            beta_1=BETA1,
            beta_2=BETA2,
            epsilon=EPSILON,
        )
        model.first = iter(work.first_weights())
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit(self._inputs, self._targets)
        return float(model.loss_) * self._factor


def prepare(work: Work) -> Training:
    return ScikitLearn(work)
