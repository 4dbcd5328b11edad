"""Who is compared: one file each, which offers `prepare(work) -> Training`."""

from __future__ import annotations

CONTESTANTS = {
    "ours": "mlp, native",
    "ours_numpy": "mlp, numpy",
    "c_by_hand": "C by hand",
    "numpy_by_hand": "NumPy by hand",
    "jax_scan": "JAX, scan",
    "pytensor_by_hand": "PyTensor",
    "pytorch": "PyTorch, eager",
    "scikit_learn": "scikit-learn",
    "bare_products": "bare products",
}
"""File -> what the tables call it, in their order."""
