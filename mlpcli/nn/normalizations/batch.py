"""Batch normalisation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mlpcli.config.setting import setting
from mlpcli.graph.node import Node, batch_size
from mlpcli.nn.normalization import Normalization
from mlpcli.ops.elementwise import maximum, minimum
from mlpcli.ops.reduce import reduce_mean


@dataclass(frozen=True)
class BatchNormalization(Normalization):
    """Each column is normalised by mean and variance over the batch; outside training by running averages.

    momentum is the share of a running average that a step keeps (Keras's momentum; 1 - PyTorch's). A batch is
    divided by its own variance, the running average takes the unbiased one, as in the paper and in PyTorch;
    one row has no variance, and leaves that average as it is.
    Source: Ioffe, Szegedy 2015, arXiv:1502.03167, algorithms 1 and 2.
    """

    momentum: float = setting(0.9, at_least=0.0, below=1.0)

    def running(self) -> Mapping[str, float]:
        return {"running_mean": 0.0, "running_variance": 1.0}

    def inference(self, z: Node, running: Mapping[str, Node]) -> Node:
        return self.divided(z - running["running_mean"], running["running_variance"])

    def in_training(self, z: Node, running: Mapping[str, Node]) -> tuple[Node, Mapping[str, Node]]:
        mean = reduce_mean(z, (0,))
        centred = z - mean
        variance = reduce_mean(centred * centred, (0,))
        rows = batch_size(z.dtype)
        others = rows - 1.0
        unbiased = variance * (rows / maximum(others, 1.0))
        share = 1.0 - self.momentum
        old_mean, old_variance = running["running_mean"], running["running_variance"]
        buffer_updates = {
            "running_mean": old_mean + (mean - old_mean) * share,
            "running_variance": old_variance + (unbiased - old_variance) * (share * minimum(others, 1.0)),
        }
        return self.divided(centred, variance), buffer_updates
