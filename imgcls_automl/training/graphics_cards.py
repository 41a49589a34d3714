"""The NVIDIA GPUs that their driver knows, whether or not a framework can use them."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from dataclasses import dataclass

logger = logging.getLogger(__name__)

VISIBLE = "CUDA_VISIBLE_DEVICES"
_ASKING_SECONDS = 20.0  # a driver in trouble may never answer
_NOTHING = ("", "-1")  # as the first value of the variable


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphicsCard:
    """One NVIDIA GPU as its driver tells it. `memory` is in bytes, `capability` the compute capability."""

    name: str
    memory: int
    capability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverAnswer:
    """What the driver says: its GPUs, those that are hidden from us included, or in its own words why it cannot."""

    cards: tuple[GraphicsCard, ...] = ()
    fault: str = ""


def ask_driver() -> DriverAnswer:
    """Ask nvidia-smi for the GPUs that this process may use; for all where it may use none."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return DriverAnswer()
    query = [program, "--query-gpu=name,memory.total,compute_cap", "--format=csv,noheader,nounits"]
    try:
        answer = subprocess.run(
            [*query, *_choose_visible()],
            capture_output=True,
            text=True,
            timeout=_ASKING_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return _make_fault(f"nvidia-smi does not answer within {_ASKING_SECONDS:.0f} s")
    except OSError as error:
        return _make_fault(f"nvidia-smi cannot be run: {error.strerror}")
    if answer.returncode != 0:
        said = " ".join((answer.stderr.strip() or answer.stdout).split())[:200]
        return _make_fault(f"nvidia-smi failed: {said or f'code {answer.returncode}'}")
    return DriverAnswer(cards=tuple(_read_cards(answer.stdout)))


def find_hiding() -> str | None:
    """The setting that hides all GPUs from this process, as one would write it; None where none does."""
    visible = os.environ.get(VISIBLE)
    if visible is None or visible.split(",")[0].strip() not in _NOTHING:
        return None
    return f"{VISIBLE}={visible}" if visible else f'{VISIBLE}=""'


def _read_cards(told: str) -> list[GraphicsCard]:
    rows = [line.split(",") for line in told.splitlines() if line.count(",") == 2]
    return [
        GraphicsCard(
            name=name.strip(), memory=int(float(memory)) << 20, capability=float(capability)
        )
        for name, memory, capability in rows
    ]


def _choose_visible() -> list[str]:
    """Ask only for the GPUs this process may use; the parts of a split GPU cannot be asked for."""
    visible = os.environ.get(VISIBLE, "")
    return [] if not visible or find_hiding() or "MIG" in visible else ["-i", visible]


def _make_fault(told: str) -> DriverAnswer:
    logger.warning("Which GPUs there are is not known: %s", told)
    return DriverAnswer(fault=told)
