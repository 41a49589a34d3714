"""Where the numbers are crunched: environment of a worker, the backend's devices, the precisions that suit them."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.machine import usable_memory
from imgcls_automl.training.graphics_cards import VISIBLE, DriverAnswer, ask_driver, find_hiding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from imgcls_automl.training.graphics_cards import GraphicsCard

CPU_INFO = Path("/proc/cpuinfo")  # Linux
_CPU_FLAGS_OF_BFLOAT16 = ("avx512_bf16", "amx_bf16", "bf16")

_INSTALL_FOR_GPU = {
    "tensorflow": "pip install 'imgcls-automl[gpu]'",
    "jax": "pip install 'jax[cuda12]'",
    "torch": "pip install torch (a CUDA build)",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Backend:
    """The loaded backend.

    Attributes:
        name: `"tensorflow"`, `"jax"` or `"torch"`.
        versions: Of Keras, the backend and NumPy.
        device: For the user: `"CPU, 2 threads"` or the GPU's name.
        on_gpu: Whether training runs on a GPU.
        precisions: The Keras dtype policies worth trying on the device, the usual one first.
        resident_bytes: Up to this size, a data set is kept on the device as a whole.
        warning: What the user should know; None where all is well.
        driver_fault: Why the NVIDIA driver does not tell which GPUs there are; empty where it does, or there is none.
    """

    name: str
    versions: dict[str, str]
    device: str
    on_gpu: bool
    precisions: tuple[str, ...]
    resident_bytes: int
    warning: str | None
    driver_fault: str = ""


def worker_environment(*, device: str, threads: int) -> dict[str, str]:
    """Variables a worker process starts with; they have to be set before a framework is loaded.

    XLA stays off on the CPU (there it is ten times slower under TensorFlow) and GPU memory grows with need.
    """
    environment = {
        "KERAS_BACKEND": os.environ.get("KERAS_BACKEND", "tensorflow"),
        "TF_CPP_MIN_LOG_LEVEL": os.environ.get("TF_CPP_MIN_LOG_LEVEL", "2"),
        "TF_FORCE_GPU_ALLOW_GROWTH": "true",
        "XLA_PYTHON_CLIENT_PREALLOCATE": "false",
        "TF_NUM_INTRAOP_THREADS": str(threads),
        "TF_NUM_INTEROP_THREADS": str(threads),
        "OMP_NUM_THREADS": str(threads),
    }
    if device == "cpu":
        environment |= {VISIBLE: "-1", "JAX_PLATFORMS": "cpu"}
    return environment


def load_backend(device: str) -> Backend:
    """Import Keras and its backend, and find out what they run on.

    Args:
        device: `"auto"`, `"cpu"` or `"gpu"`.

    Raises:
        LookupError: A GPU was asked for and the backend sees none; says how to mend it.
    """
    import keras

    name = keras.backend.backend()
    if name != "tensorflow":
        # Keras looks for TensorFlow whenever it serialises or seeds, and would import it where it is installed.
        sys.modules.setdefault("tensorflow", None)  # type: ignore[arg-type]
    driver = DriverAnswer() if device == "cpu" else ask_driver()
    cards = driver.cards
    on_gpu = device != "cpu" and sees_gpu(name)
    warning = None
    if cards and not on_gpu:
        warning = _explain_unseen(cards[0].name, name)
    if device == "gpu" and not on_gpu:
        missing = driver.fault or "no GPU was found by its driver (nvidia-smi)"
        raise LookupError(warning or f"{missing}; use --device cpu or auto")
    threads = os.environ.get("TF_NUM_INTRAOP_THREADS", "")
    return Backend(
        name=name,
        versions=_versions(name),
        device=cards[0].name
        if on_gpu and cards
        else "GPU"
        if on_gpu
        else f"CPU, {threads or os.cpu_count()} threads",
        on_gpu=on_gpu,
        precisions=_gpu_precisions(cards) if on_gpu else _cpu_precisions(CPU_INFO),
        resident_bytes=cards[0].memory // 4 if on_gpu and cards else usable_memory() // 8,
        warning=warning,
        driver_fault=driver.fault,
    )


def _explain_unseen(card: str, backend: str) -> str:
    """Why a backend does not use a GPU that its driver knows, and what to do."""
    hidden = find_hiding()
    if hidden is not None:
        return f"{card} is there, but {hidden} hides it. To use it: unset {VISIBLE}"
    return f"{card} is there, but {backend} does not see it. To use it: {_INSTALL_FOR_GPU[backend]}"


def _gpu_precisions(cards: Sequence[GraphicsCard]) -> tuple[str, ...]:
    """bfloat16 from Ampere on, where the hardware computes in it."""
    capable = bool(cards) and min(card.capability for card in cards) >= 8.0
    return ("mixed_bfloat16",) if capable else ("float32",)


def _cpu_precisions(cpu_info: Path) -> tuple[str, ...]:
    """bfloat16 is worth a trial where the processor computes in it; elsewhere it is emulated, and slow."""
    flags = set(cpu_info.read_text().split()) if cpu_info.is_file() else set()
    capable = not flags.isdisjoint(_CPU_FLAGS_OF_BFLOAT16)
    return ("float32", "mixed_bfloat16") if capable else ("float32",)


def sees_gpu(name: str) -> bool:
    """Whether a loaded backend finds a GPU that it can train on."""
    import keras

    # Keras cannot list torch's devices, but puts arrays on a GPU where there is one.
    if name == "torch":
        return "cuda" in str(keras.ops.zeros(()).device)
    try:
        return bool(keras.distribution.list_devices("gpu"))
    except RuntimeError:  # JAX's way of saying that it has no GPU platform
        return False


def _versions(name: str) -> dict[str, str]:
    from importlib.metadata import version

    return {package: version(package) for package in ("keras", name, "numpy")}
