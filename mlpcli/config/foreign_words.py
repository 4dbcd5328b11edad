"""Words of other tools and what mlp calls the same, for the advice beside an unknown word.

None of them is accepted: a config says one thing in one way. Spelling counts for little here, so that
`LeakyReLU`, `Min-Max` and `L-BFGS` are found without being listed. Sources: the argument names of
scikit-learn 1.9, Keras 3, PyTorch 2 and LightGBM 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from mlpcli.config.setting import limits_of, yaml_name

CHOICES: Mapping[str, Mapping[str, str]] = {
    "activation": {
        "logistic": "sigmoid",
        "identity": "linear",
        "none": "linear",
        "swish": "silu",
        "lrelu": "leaky_relu",
        "logsoftmax": "softmax",
        "rectifier": "relu",
    },
    "initialisation": {
        "xavier": "glorot_uniform",
        "xavieruniform": "glorot_uniform",
        "xaviernormal": "glorot_normal",
        "glorot": "glorot_uniform",
        "kaiming": "he_uniform",
        "kaiminguniform": "he_uniform",
        "kaimingnormal": "he_normal",
        "he": "he_uniform",
        "lecun": "lecun_normal",
        "gaussian": "normal",
        "randomnormal": "normal",
        "randomuniform": "uniform",
        "zero": "zeros",
    },
    "loss": {
        "mse": "squared_error",
        "meansquarederror": "squared_error",
        "mseloss": "squared_error",
        "l2": "squared_error",
        "rmse": "squared_error",
        "mae": "absolute_error",
        "meanabsoluteerror": "absolute_error",
        "l1": "absolute_error",
        "l1loss": "absolute_error",
        "bce": "binary_cross_entropy",
        "binarycrossentropy": "binary_cross_entropy",
        "bceloss": "binary_cross_entropy",
        "bcewithlogitsloss": "binary_cross_entropy",
        "logloss": "binary_cross_entropy",
        "categoricalcrossentropy": "cross_entropy",
        "sparsecategoricalcrossentropy": "cross_entropy",
        "crossentropyloss": "cross_entropy",
        "nll": "cross_entropy",
        "nllloss": "cross_entropy",
        "cce": "cross_entropy",
        "smoothl1": "huber",
        "smoothl1loss": "huber",
        "huberloss": "huber",
        "poissonnllloss": "poisson",
    },
    "normalisation": {
        "batchnorm": "batch",
        "batchnorm1d": "batch",
        "batchnormalization": "batch",
        "bn": "batch",
        "layernorm": "layer",
        "layernormalization": "layer",
    },
    "optimiser": {
        "gd": "sgd",
        "gradientdescent": "sgd",
        "momentum": "sgd",
        "nesterov": "sgd",
        "bfgs": "lbfgs",
    },
    "schedule": {
        "reducelronplateau": "plateau",
        "reduceonplateau": "plateau",
        "cosineannealing": "cosine",
        "cosineannealinglr": "cosine",
        "steplr": "step",
        "exponentiallr": "exponential",
        "onecyclelr": "one_cycle",
        "invscaling": "inverse_scaling",
        "adaptive": "plateau",
    },
    "data.scaling": {
        "zscore": "standard",
        "standardize": "standard",
        "standardise": "standard",
        "standardscaler": "standard",
        "normalize": "minmax",
        "minmaxscaler": "minmax",
    },
    "data.task": {
        "classifier": "classification",
        "binary": "classification",
        "multiclass": "classification",
        "regressor": "regression",
    },
}
"""Table of choices, or key with a fixed list of values -> simplified foreign word -> word of ours."""

KEYS: Mapping[str, str] = {
    "lr": "optimiser.learning_rate",
    "learningrateinit": "optimiser.learning_rate",
    "eta": "optimiser.learning_rate",
    "stepsize": "optimiser.learning_rate",
    "beta1": "optimiser.beta1",
    "beta2": "optimiser.beta2",
    "solver": "optimiser",
    "weightdecay": "optimiser.l2",
    "lambda": "optimiser.l2",
    "regularization": "optimiser.l2",
    "regularisation": "optimiser.l2",
    "clipnorm": "optimiser.clip_norm",
    "clipvalue": "optimiser.clip_value",
    "maxgradnorm": "optimiser.clip_norm",
    "maxiter": "training.epochs",
    "maxepochs": "training.epochs",
    "nepochs": "training.epochs",
    "numepochs": "training.epochs",
    "niter": "training.epochs",
    "iterations": "training.epochs",
    "batch": "training.batch_size",
    "verbose": "training.print_every",
    "earlystopping": "training.stop.patience",
    "earlystoppingrounds": "training.stop.patience",
    "niternochange": "training.stop.patience",
    "tol": "training.stop.min_delta",
    "randomstate": "seed",
    "randomseed": "seed",
    "dtype": "precision",
    "device": "executor",
    "criterion": "loss",
    "objective": "loss",
    "layers": "network.hidden",
    "hiddenlayers": "network.hidden",
    "hiddenlayersizes": "network.hidden",
    "hiddenunits": "network.hidden",
    "neurons": "network.hidden[0].units",
    "dropoutrate": "network.hidden[0].dropout",
    "kernelinitializer": "network.hidden[0].initialisation",
    "biasinitializer": "network.hidden[0].bias_initialisation",
    "init": "network.hidden[0].initialisation",
    "negativeslope": "network.hidden[0].activation.leak",
    "file": "data.train",
    "path": "data.train",
    "csv": "data.train",
    "filename": "data.train",
    "dataset": "data.train",
    "label": "data.target",
    "y": "data.target",
    "targetcolumn": "data.target",
    "validationsplit": "data.validation",
    "validationfraction": "data.validation",
    "valsplit": "data.validation",
    "val": "data.validation",
    "testsize": "data.test",
    "testsplit": "data.test",
    "classweight": "data.class_weights",
    "sampleweight": "data.weight",
    "delimiter": "data.separator",
    "sep": "data.separator",
    "categoricalfeature": "data.categorical",
    "cv": "training.folds",
    "warmstart": "start_from",
}
"""Simplified foreign key -> the key of ours."""


def simplified(word: str) -> str:
    """Return the word without what tools differ in: capitals, hyphens, underscores and blanks."""
    return "".join(letter for letter in word.casefold() if letter not in "-_ ")


def own_choice(table: str, word: str, known: Iterable[str]) -> str | None:
    """Return the one of the known words that another tool's word means; None where that is not known.

    table: of choices (`loss`), or the key (`data.scaling`) that has a fixed list of values.
    """
    names = list(known)
    same = {simplified(name): name for name in names}
    found = same.get(simplified(word)) or CHOICES.get(table, {}).get(simplified(word))
    return found if found in names else None


def own_keys(word: str, every: Mapping[str, list[str]]) -> list[str]:
    """Return the keys of a config that another tool's word, or our own word at another place, means.

    every: what keys_by_leaf() gives.
    """
    meant = KEYS.get(simplified(word))
    return [meant] if meant is not None else every.get(simplified(word).rstrip("s"), [])


def keys_by_leaf(root: type[Any], tables: Mapping[str, Mapping[str, type[Any]]]) -> Mapping[str, list[str]]:
    """Map the last word of each dotted key below `root`, simplified and in the singular, to the keys.

    tables: choices whose own keys are in it too, as optimiser.learning_rate.
    """
    found: dict[str, list[str]] = {}
    for key in dict.fromkeys(_keys(root, tables, "")):
        found.setdefault(simplified(key.rpartition(".")[2]).rstrip("s"), []).append(key)
    return found


def _keys(kind: type[Any], tables: Mapping[str, Mapping[str, type[Any]]], above: str) -> Iterator[str]:
    hints = get_type_hints(kind)
    for each in fields(kind):
        limits = limits_of(each)
        key = above + yaml_name(each)
        yield key
        for choice in tables.get(limits.choice_of, {}).values() if limits.choice_of else ():
            yield from _keys(choice, tables, key + ".")
        for inner in (hints[each.name], *get_args(hints[each.name])):
            if isinstance(inner, type) and is_dataclass(inner):
                listed = get_origin(hints[each.name]) is tuple
                yield from _keys(inner, tables, key + ("[0]." if listed else "."))
