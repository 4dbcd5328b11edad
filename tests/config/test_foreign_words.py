"""Words of other tools: what the advice beside an unknown word says."""

import pytest
from cli.world import mlp

from mlpcli.config import foreign_words
from mlpcli.config.load import load_config_text
from mlpcli.config.schema import Config
from mlpcli.errors import ConfigError
from mlpcli.problem.build import CHOICES

FIXED = {
    "data.scaling": ("standard", "minmax", "none"),
    "data.task": ("classification", "multilabel", "regression"),
}
SECTION = {
    "activation": "network: {{hidden: [{{units: 3, activation: {}}}]}}",
    "initialisation": "network: {{hidden: [{{units: 3, initialisation: {}}}]}}",
    "loss": "loss: {}",
    "normalisation": "network: {{hidden: [{{units: 3, normalisation: {}}}]}}",
    "optimiser": "optimiser: {{name: {}}}",
    "schedule": "optimiser: {{name: sgd, schedule: {}}}",
    "data.scaling": "data: {{train: x.csv, scaling: {}}}",
    "data.task": "data: {{train: x.csv, task: {}}}",
}
WORDS = [(table, word, own) for table, words in foreign_words.CHOICES.items() for word, own in words.items()]
SPELLINGS = [
    ("activation", "ReLU", "relu"),
    ("activation", "LeakyReLU", "leaky_relu"),
    ("optimiser", "Adam", "adam"),
    ("optimiser", "RMSprop", "rmsprop"),
    ("optimiser", "L-BFGS", "lbfgs"),
    ("loss", "mean_squared_error", "squared_error"),
    ("loss", "BinaryCrossentropy", "binary_cross_entropy"),
    ("data.scaling", "min-max", "minmax"),
]


def advice(text):
    """All that is said of a config."""
    with pytest.raises(ConfigError) as error:
        load_config_text(text, "a.yaml", (), CHOICES, check_files=False)
    return str(error.value)


@pytest.mark.parametrize(("table", "word", "own"), [*WORDS, *SPELLINGS])
def test_a_foreign_choice_is_answered_with_ours(table, word, own):
    known = FIXED.get(table) or list(CHOICES[table])
    assert own in known
    assert word not in known
    text = SECTION[table].format(word)
    text = text if text.startswith("data:") else f"data: {{train: x.csv}}\n{text}"
    if word != "none":  # which YAML does not tell from a word
        assert f"{word!r} is not" in advice(text)
    assert f"Did you mean {own!r}?" in advice(text)


def test_every_foreign_key_is_answered_with_a_key_that_exists():
    known = {key for keys in foreign_words.keys_by_leaf(Config, CHOICES).values() for key in keys}
    words = list(foreign_words.KEYS)
    for some in (words[:40], words[40:]):  # more faults than are told at once
        said = advice("data: {train: x.csv}\n" + "".join(f"'{word}': 1\n" for word in some))
        for word in some:
            key = foreign_words.KEYS[word]
            assert key in known
            assert f"{word!r} is not a known key.\n  Did you mean {key!r}?" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("epochs: 3", "Did you mean 'training.epochs'?"),
        ("epoch: 3", "Did you mean 'training.epochs'?"),
        ("learning_rate: 3", "Did you mean 'optimiser.learning_rate'?"),
        ("training: {max_iter: 3}", "Did you mean 'epochs'?"),
        ("training: {lr: 3}", "Did you mean 'optimiser.learning_rate'?"),
        ("optimiser: {name: adam, lr: 3}", "Did you mean 'learning_rate'?"),
        ("optimiser: {name: adam, beta_1: 3}", "Did you mean 'beta1'?"),
        ("network: {hidden: [4, {units: 3, kernel_initializer: zeros}]}", "Did you mean 'initialisation'?"),
        ("network: {units: 3}", "'hidden[0].units'"),
    ],
)
def test_a_key_of_another_section_is_answered_with_its_place(text, said):
    assert said in advice(f"data: {{train: x.csv}}\n{text}")


def test_sgd_is_not_advised_what_only_adam_has():
    assert (
        "Did you mean"
        not in advice("data: {train: x.csv}\noptimiser: {name: sgd, beta1: 0.9}").partition("beta1' is")[2]
    )


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["trian", "x"], "No such command 'trian'. Did you mean 'train'?"),
        (["fit", "x"], "No such command 'fit'. Did you mean 'train'?"),
        (["test", "x", "y"], "Did you mean 'evaluate'?"),
        (["zzz"], "No such command 'zzz'. Known: check, compare,"),
        (["train", "x.yaml", "--epochs", "3"], "--set training.epochs=…"),
        (["gradcheck", "x.yaml", "--lr", "3"], "--set optimiser.learning_rate=…"),
        (["predict", "x", "y", "--seed", "3"], "No such option '--seed'"),
    ],
)
def test_a_foreign_command_or_option_is_answered_with_ours(args, said):
    result = mlp(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert said in result.stderr
