"""The rise of validation accuracy over time, as a picture."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

Curve = list[tuple[float, float]]


def plot_bests(
    path: Path,
    panels: Mapping[str, Mapping[str, Sequence[Curve]]],
    *,
    limit: float,
    targets: Sequence[float],
) -> None:
    """Draw a panel a table, a colour a system, a line a seed.

    Args:
        path: The PNG file.
        panels: Title -> system -> one curve of (seconds, best validation accuracy) a seed.
        limit: Seconds; every line goes on to it.
        targets: Accuracies to mark.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4 * len(panels), 4.8), layout="constrained")
    every_axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axes, (title, systems) in zip(every_axes, panels.items(), strict=True):
        _draw_panel(axes, title, systems, limit)
        for target in targets:
            axes.axhline(target, color="0.8", linewidth=0.8, zorder=0)
    every_axes[0].set_ylabel("best validation accuracy so far")
    if targets:
        every_axes[0].set_ylim(bottom=_lowest(targets, panels))
    figure.savefig(path, dpi=120)


def _draw_panel(
    axes: Any, title: str, systems: Mapping[str, Sequence[Curve]], limit: float
) -> None:
    for number, (name, curves) in enumerate(systems.items()):
        for seed, curve in enumerate(curves):
            if curve:
                seconds, best = zip(*curve, (limit, curve[-1][1]), strict=True)
                label = name if seed == 0 else None
                axes.step(seconds, best, where="post", color=f"C{number}", alpha=0.8, label=label)
    axes.set_title(title)
    axes.set_xlabel("seconds from process start")
    axes.set_xlim(0, limit)
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="lower right")


def _lowest(
    targets: Sequence[float], panels: Mapping[str, Mapping[str, Sequence[Curve]]]
) -> float | None:
    """Leave out the steep beginning where the targets are what matters."""
    highest = [
        curve[-1][1]
        for systems in panels.values()
        for curves in systems.values()
        for curve in curves
        if curve
    ]
    return min(targets) - 0.06 if highest and max(highest) >= min(targets) else None
