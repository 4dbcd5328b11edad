"""The memory that a training of a network needs, beside what the machine has."""

from __future__ import annotations

import os

import numpy as np

from mlpcli.config.schema import NetworkConfig
from mlpcli.errors import SettingError
from mlpcli.nn.network import Network


def check_memory(
    network: Network, config: NetworkConfig, batch: int, slots: int = 2, slots_key: str = ""
) -> None:
    """Raise SettingError, with the sizes, where training would need more than the machine's memory.

    batch: rows of a step. slots: arrays that the optimiser keeps beside each parameter. slots_key: the
    setting that decides how many, where one does.
    """
    itemsize = np.dtype(network.inputs.dtype).itemsize
    widths = [int(layer.pre_activation.shape[1] or 0) for layer in network.layers]
    # Parameters, gradients, slots; a layer's value before and after, and its adjoint. A normalisation keeps
    # its centred and its divided values and an adjoint, dropout what it lets through.
    values = [3 + 3 * (layer.normalization is not None) + (layer.dropout > 0) for layer in network.layers]
    entries = batch * sum(w * v for w, v in zip(widths, values, strict=True))
    needed = itemsize * ((2 + slots) * network.size + entries)
    available = _physical_memory()
    if needed <= available:
        return
    if slots_key and itemsize * (2 * network.size + entries) <= available:
        raise SettingError(
            slots_key,
            f"The optimiser keeps {slots:,} arrays of as many numbers as the network has parameters, "
            f"{network.size:,}. They need about {_amount(itemsize * slots * network.size)}; "
            f"this machine has {_amount(available)}.",
            "Use a smaller number.",
        )
    largest = max(range(len(widths)), key=lambda i: sum(p.size for p in network.layers[i].parameters))
    key = (
        f"network.hidden[{min(largest, len(config.hidden) - 1)}].units" if config.hidden else "network.output"
    )
    raise SettingError(
        key,
        f"This network has {network.size:,} parameters and needs about {_amount(needed)}; "
        f"this machine has {_amount(available)}.",
        "Use fewer units, or a smaller batch_size.",
    )


def _physical_memory() -> int:
    try:
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on every platform: then no network is refused
        return 1 << 62


def _amount(size: float) -> str:
    for unit in ("B", "KiB", "MiB", "GiB", "TiB"):
        if size < 1024:
            return f"{size:.3g} {unit}"
        size /= 1024
    return f"{size:,.0f} PiB"
