"""What a run was asked to do: every option and every default, once.

Command-line help, documents and error messages read `RunConfig`'s fields; `config_sources` fills them.
"""

from __future__ import annotations

from dataclasses import MISSING, Field, asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.data.dataset import MAX_PIXELS, RESIZE_MODES
from imgcls_automl.errors import ConfigError
from imgcls_automl.limits import Limits
from imgcls_automl.option_values import (
    parse_bytes,
    parse_choice,
    parse_count,
    parse_duration,
    parse_milliseconds,
    parse_pairs,
    parse_score,
    parse_share,
    parse_size,
    parse_sources,
    parse_switch,
    parse_text,
    parse_whole,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DEFAULT_TIMEOUT = 20 * 60.0  # seconds, where neither trials nor a timeout is given
DEFAULT_READ_TIMEOUT = 5 * 60.0  # seconds
DEFAULT_CACHE_LIMIT = 20 * 10**9  # bytes

# What a search can select by, and which way is better, in Optuna's words.
METRICS = {"accuracy": "maximize", "macro_f1": "maximize", "log_loss": "minimize"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Preset:
    """How thorough a search is.

    Attributes:
        epochs: Planned for every training.
        top_k: Candidates that are retrained before one is chosen.
        seeds: Trainings of each of them.
    """

    epochs: int
    top_k: int
    seeds: int

    def describe(self) -> str:
        """`"12 epochs, 3 candidates retrained"`, `"24 epochs, 3 candidates retrained 3 times"`."""
        told = f"{self.epochs} epochs"
        # One candidate with one seed leaves nothing to choose from, and is not retrained.
        if self.top_k > 1:
            told += f", {self.top_k} candidates retrained"
        return f"{told} {self.seeds} times" if self.seeds > 1 else told


# What a training can compute in, and the Keras dtype policy that does it.
PRECISIONS = {"float32": "float32", "bfloat16": "mixed_bfloat16"}

PRESETS = {
    "fast": Preset(epochs=5, top_k=1, seeds=1),
    "medium": Preset(epochs=12, top_k=3, seeds=1),
    "best": Preset(epochs=24, top_k=3, seeds=3),
}


def _option(
    description: str,
    parse: Callable[[object], Any],
    *,
    metavar: str,
    default: Any = MISSING,
    factory: Any = MISSING,
    repeated: bool = False,
) -> Any:
    metadata = {"help": description, "parse": parse, "metavar": metavar, "repeated": repeated}
    if factory is not MISSING:
        return field(default_factory=factory, metadata=metadata)
    return field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True, kw_only=True)
class RunConfig:
    """One search, fully resolved. Times are seconds, sizes pixels."""

    space: str = _option(
        "Search space: a name from 'spaces list', path/to/file.py:Name or package.module:Name.",
        parse_text,
        metavar="SPACE",
    )
    data: tuple[str, ...] = _option(
        "The pictures: a folder, a file, or a name an adapter knows; repeated, all are joined.",
        parse_sources,
        metavar="DATA",
        repeated=True,
    )
    test_data: str | None = _option(
        "A second source; all of it becomes the test split.",
        parse_text,
        metavar="DATA",
        default=None,
    )
    adapter: str | None = _option(
        "Dataset adapter, where the right one is not found by looking.",
        parse_text,
        metavar="ADAPTER",
        default=None,
    )
    data_option: dict[str, str] = _option(
        "An option of the adapter; may be repeated.",
        parse_pairs,
        metavar="NAME=VALUE",
        factory=dict,
        repeated=True,
    )
    space_option: dict[str, str] = _option(
        "An option of the search space; may be repeated.",
        parse_pairs,
        metavar="NAME=VALUE",
        factory=dict,
        repeated=True,
    )
    out: Path | None = _option(
        "Run folder to make; must not exist. Default: runs/<space>-<data>-<UTC time>.",
        lambda value: Path(parse_text(value)),
        metavar="DIR",
        default=None,
    )
    trials: int | None = _option(
        "Stop after this many trials.", parse_whole(1), metavar="N", default=None
    )
    timeout: float | None = _option(
        "Time for the whole command: 90s, 30m, 2h. Default: 20m where --trials is not given either.",
        parse_duration,
        metavar="TIME",
        default=None,
    )
    stop_after_no_improvement: int | None = _option(
        "Stop after this many trials in a row that bring no new best.",
        parse_whole(1),
        metavar="N",
        default=None,
    )
    epochs: int | None = _option(
        "Epochs planned for every trial. Default: the preset's.",
        parse_whole(1),
        metavar="N",
        default=None,
    )
    preset: str = _option(
        "How thorough, as time allows: "
        + "; ".join(f"{name} ({preset.describe()})" for name, preset in PRESETS.items())
        + ".",
        parse_choice(*PRESETS),
        metavar="PRESET",
        default="medium",
    )
    metric: str = _option(
        "What the search selects by: " + ", ".join(METRICS) + ".",
        parse_choice(*METRICS),
        metavar="METRIC",
        default="accuracy",
    )
    seed: int = _option(
        "Seed of splits, sampler and training.", parse_whole(0), metavar="N", default=0
    )
    test_share: float | None = _option(
        "Share of the pictures kept for the one final test, where the data states no test split. Default: 0.15.",
        parse_share,
        metavar="SHARE",
        default=None,
    )
    folds: int | None = _option(
        "Train each trial on this many folds of train + validation and score it by their mean; for small sets."
        " Default: one validation split.",
        parse_whole(2),
        metavar="K",
        default=None,
    )
    image_size: tuple[int, int] | None = _option(
        "Size all pictures are brought to. Default: derived from the pictures.",
        parse_size,
        metavar="N|HxW",
        default=None,
    )
    resize: str = _option(
        "How pictures of another shape are fitted: stretch, pad or crop.",
        parse_choice(*RESIZE_MODES),
        metavar="HOW",
        default=RESIZE_MODES[0],
    )
    ensemble: bool = _option(
        "Average the winner with other retrained candidates where that is better on validation.",
        parse_switch,
        metavar="SWITCH",
        default=False,
    )
    class_weight: str = _option(
        "Weigh classes in the loss: none or balanced.",
        parse_choice("none", "balanced"),
        metavar="HOW",
        default="none",
    )
    sampling: str = _option(
        "How often classes are drawn in an epoch: none (as often as they occur) or balanced (equally often).",
        parse_choice("none", "balanced"),
        metavar="HOW",
        default="none",
    )
    device: str = _option(
        "Where to train: auto, cpu or gpu.",
        parse_choice("auto", "cpu", "gpu"),
        metavar="DEVICE",
        default="auto",
    )
    precision: str = _option(
        "What to compute in: auto, float32 or bfloat16. auto: bfloat16 on a GPU that has it, and on a CPU where a"
        " search with a time limit finds it faster.",
        parse_choice("auto", *PRECISIONS),
        metavar="PRECISION",
        default="auto",
    )
    max_params: int | None = _option(
        "Train no model of more weights, such as 500k or 2M; others are drawn instead.",
        parse_count,
        metavar="N",
        default=None,
    )
    max_flops: int | None = _option(
        "Train no model that takes more operations for one picture, such as 50M: two a multiply-add.",
        parse_count,
        metavar="N",
        default=None,
    )
    max_latency_ms: float | None = _option(
        "Train no model that takes longer for one picture alone, on this device.",
        parse_milliseconds,
        metavar="MS",
        default=None,
    )
    workers: int | None = _option(
        "Worker processes that train at the same time. Default: one a GPU, one on the CPU.",
        parse_whole(1),
        metavar="N",
        default=None,
    )
    trial_timeout: float | None = _option(
        "End a trial that takes longer; it counts as failed. Default: twenty times the longest one, at least 1h.",
        parse_duration,
        metavar="TIME",
        default=None,
    )
    max_bad: int | None = _option(
        "Unreadable pictures tolerated. Default: 1% of all, or 10 where that is more.",
        parse_whole(0),
        metavar="N",
        default=None,
    )
    exclude: tuple[str, ...] = _option(
        "A file of pictures to leave out: a CSV with a column id, or one id a line; may be repeated.",
        parse_sources,
        metavar="FILE",
        factory=tuple,
        repeated=True,
    )
    relabel: tuple[str, ...] = _option(
        "A CSV file of right labels: the column id, and new_label, suggested or label; may be repeated.",
        parse_sources,
        metavar="FILE",
        factory=tuple,
        repeated=True,
    )
    max_pixels: int = _option(
        "Pictures of more pixels are refused before they are decoded.",
        parse_whole(1),
        metavar="N",
        default=MAX_PIXELS,
    )
    cache_dir: Path | None = _option(
        "Where decoded pictures are kept. Default: the user's cache folder.",
        lambda value: Path(parse_text(value)),
        metavar="DIR",
        default=None,
    )
    cache_limit: int | None = _option(
        "What all decoded pictures kept may take; the least recently used go first. Default: 20GB.",
        parse_bytes,
        metavar="SIZE",
        default=None,
    )
    read_timeout: float | None = _option(
        "Give a source up that gives nothing more for so long. Default: 5m.",
        parse_duration,
        metavar="TIME",
        default=None,
    )
    fail_under: float | None = _option(
        "Exit with code 6 where the test score of the metric is worse than this.",
        parse_score,
        metavar="SCORE",
        default=None,
    )

    def __post_init__(self) -> None:
        if self.class_weight == self.sampling == "balanced":
            raise ConfigError(
                "--class-weight balanced and --sampling balanced each make up for uneven classes: together they would"
                " make rare ones count more than common ones.\nGive one of them."
            )
        if self.test_share is not None and self.test_data is not None:
            raise ConfigError(
                "--test-share is for pictures that have no test split, and --test-data names one.\n"
                "Give one of them."
            )

    @property
    def planned(self) -> Preset:
        """The preset with `epochs` taken into account."""
        preset = PRESETS[self.preset]
        return Preset(epochs=self.epochs or preset.epochs, top_k=preset.top_k, seeds=preset.seeds)

    @property
    def limits(self) -> Limits:
        """What a model may be at most."""
        return Limits(
            parameters=self.max_params, flops=self.max_flops, latency_ms=self.max_latency_ms
        )

    @property
    def wall_clock(self) -> float | None:
        """Seconds the whole command may take; None where only trials limit it."""
        if self.timeout is None and self.trials is None:
            return DEFAULT_TIMEOUT
        return self.timeout

    def to_json(self) -> dict[str, Any]:
        """All options as JSON values; `from_json` reads them back."""
        # One source stands as the text that it is: most runs have one, and older versions read it.
        values = {**asdict(self), "data": self.data[0] if len(self.data) == 1 else list(self.data)}
        return {
            name: str(value) if isinstance(value, Path) else value for name, value in values.items()
        }


def options() -> tuple[Field[Any], ...]:
    """The options in the order they are shown; `metadata` holds help, parse, metavar, repeated."""
    return fields(RunConfig)


def flag(name: str) -> str:
    """The command-line flag of an option: `"--image-size"`."""
    return "--" + name.replace("_", "-")
