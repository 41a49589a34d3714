"""What a built network takes, and whether it is within a run's limits: before a single step is trained."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from imgcls_automl.executors.causes import Refusal
from imgcls_automl.limits import ModelCost
from imgcls_automl.training.failures import TrialEndedError
from imgcls_automl.training.flops import count_flops
from imgcls_automl.trial_files import read_result, write_result

if TYPE_CHECKING:
    from pathlib import Path

    from imgcls_automl.training.bench import Bench


def measure_cost(network: Any, bench: Bench) -> ModelCost:
    """Count a network's weights and operations.

    It is timed only where a run limits that, and no count is over its limit already: compiling it for a single picture
    costs more than much of a short trial.
    """
    shape = bench.pictures.task.image_shape
    cost = ModelCost(parameters=network.count_params(), flops=count_flops(network, shape))
    if bench.limits.latency_ms is None or bench.limits.find_excesses(cost):
        return cost
    return replace(cost, latency_ms=bench.latencies.measure(network, shape))


def note_latency(trial_folder: Path, network: Any, bench: Bench) -> None:
    """Time a finished trial's network and add that to its result.json, unless it is there already."""
    result = read_result(trial_folder)
    if result is None or result.latency_ms is not None:
        return
    latency = bench.latencies.measure(network, bench.pictures.task.image_shape)
    write_result(trial_folder, replace(result, latency_ms=latency))


def refuse_excess(cost: ModelCost, bench: Bench) -> None:
    """Raise TrialEndedError, as infeasible, for a network that is above a limit."""
    excesses = bench.limits.find_excesses(cost)
    if excesses:
        raise TrialEndedError(
            "infeasible",
            Refusal.LIMIT,
            "; ".join(excess.text for excess in excesses),
            {excess.option: excess.share for excess in excesses},
        )
