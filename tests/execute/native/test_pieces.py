"""Deep networks are compiled in pieces: equal layers once, with the bits of a step that is one function."""

import math

import numpy as np
import pytest

from mlpcli.engine import make_plan
from mlpcli.execute import EXECUTORS
from mlpcli.execute.native.codegen import program
from mlpcli.execute.native.module import machine
from mlpcli.execute.native.runner import NativeEpochRunner
from mlpcli.nn.network import Penalty
from mlpcli.optim.optimizers import OPTIMIZERS
from mlpcli.optim.step import training_step
from mlpcli.plan.fuse import fuse, independent, linked, view_owners
from nets import LAYERS, network, rows


def training(layers, units=8, optimizer="sgd", **settings):
    net, values = network([("tanh", units)] * layers, ("softmax", 5), "cross_entropy", **settings)
    step = training_step(net, OPTIMIZERS[optimizer]())
    return net, step, dict(values) | step.optimizer_state()


def plan_of(layers, **settings):
    net, step, _ = training(layers, **settings)
    return make_plan({"cost": net.cost}, step.updates, 16)


def text_of(layers, **settings):
    return program.step_text("step", plan_of(layers, **settings), machine())


@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam"}, {"layer": LAYERS["batch"]}])
def test_code_does_not_grow_with_the_number_of_equal_layers(settings):
    shallow, deep = text_of(6, **settings), text_of(12, **settings)
    sizes = [sum(len(piece.module) for piece in text.pieces.values()) for text in (shallow, deep)]
    # Which arrays of a part share memory may differ from layer to layer, and then there is one more of them.
    assert sizes[1] <= 1.5 * sizes[0]
    assert len(deep.text) < 2.1 * len(shallow.text)


def test_large_products_of_equal_layers_are_the_same_functions(monkeypatch):
    monkeypatch.setitem(program.SHARED_PRODUCT, "double", 1000)
    assert text_of(12).shared == text_of(6).shared


@pytest.mark.parametrize("layers", [1, 3])
def test_up_to_three_hidden_layers_a_step_is_one_function(layers):
    assert not text_of(layers).pieces
    assert text_of(layers + 3).pieces


def test_both_shapes_have_the_same_bits(monkeypatch):
    results = []
    for most in (0, 12):
        monkeypatch.setattr(program, "ONE_FUNCTION", most)
        net, step, state = training(1, optimizer="adam", penalty=Penalty(0.01, 0.01))
        data = rows(net, 32, target="one-hot")
        runner = NativeEpochRunner(EXECUTORS["native"](), {"cost": net.cost}, step.updates, state, data, 16)
        stretch = runner.run_epochs(5, np.random.default_rng(2), -math.inf, lambda: False)
        results.append({**state, "costs": stretch.costs})
    for name, array in results[0].items():
        assert array.tobytes() == results[1][name].tobytes(), name


@pytest.mark.parametrize("settings", [{}, {"optimizer": "adam", "penalty": Penalty(0.01, 0.01)}])
def test_loops_are_cut_into_what_has_no_array_in_common(settings):
    plan = plan_of(4, **settings)
    owner, whole = view_owners(plan), fuse(plan)
    groups = independent(whole, plan)
    assert len(groups) > len(whole)
    position = {kernel.output: at for at, group in enumerate(groups) for kernel in group.kernels}
    assert len(position) == sum(len(group.kernels) for group in whole)
    for at, group in enumerate(groups):
        for kernel in group.kernels:  # what it reads is there
            read = [owner[i] for i in kernel.inputs if plan.buffers[owner[i]].role == "work"]
            assert all(position[index] <= at for index in read)
    for group in whole:
        if any(kernel.op.kind == "reduce" for kernel in group.kernels):
            assert group in groups


def test_parts_are_all_groups_in_order_and_begin_at_products():
    plan = plan_of(4)
    groups = independent(fuse(plan), plan)
    parts = linked(groups, plan)
    assert [group for part in parts for group in part] == groups
    assert all(group.kind != "matmul" for part in parts for group in part[1:])
