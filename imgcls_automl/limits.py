"""What a model may be at most, judged before it is trained."""

from __future__ import annotations

from dataclasses import dataclass

_UNITS = ((10**9, "G"), (10**6, "M"), (10**3, "k"))


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCost:
    """What a network takes.

    Attributes:
        parameters: Its weights, untrainable ones included.
        flops: Two a multiply-add, of one picture's forward pass.
        latency_ms: Of one picture alone on this device, in milliseconds; None where it was not measured.
    """

    parameters: int
    flops: int
    latency_ms: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """A limit that a model does not keep.

    Attributes:
        option: The limit's name, `"max_params"`.
        share: How far the model is above it, as a share of it, above 0.
        text: `"128k parameters over --max-params 100k"`.
    """

    option: str
    share: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """As in `ModelCost`, at most; None for no limit."""

    parameters: int | None = None
    flops: int | None = None
    latency_ms: float | None = None

    def find_excesses(self, cost: ModelCost) -> list[Excess]:
        """The limits that a model does not keep; a latency that was not measured keeps its own."""
        compared = (
            ("max_params", "parameters", cost.parameters, self.parameters),
            ("max_flops", "operations a picture", cost.flops, self.flops),
            ("max_latency_ms", "ms a picture", cost.latency_ms, self.latency_ms),
        )
        return [
            _describe_excess(option, noun, value, limit)
            for option, noun, value, limit in compared
            if value is not None and limit is not None and value > limit
        ]

    def describe(self) -> str:
        """`"at most 2M parameters, 5 ms a picture"`; empty where there is none."""
        stated = (
            (self.parameters, "parameters"),
            (self.flops, "operations a picture"),
            (self.latency_ms, "ms a picture"),
        )
        words = [f"{_shorten(limit)} {noun}" for limit, noun in stated if limit is not None]
        return f"at most {', '.join(words)}" if words else ""


NO_LIMITS = Limits()


def _describe_excess(option: str, noun: str, value: float, limit: float) -> Excess:
    flag = "--" + option.replace("_", "-")
    shown, most = _shorten(value), _shorten(limit)
    if shown == most:  # a little over: only all of it shows that
        shown, most = f"{value:,}", f"{limit:,}"
    return Excess(
        option=option, share=value / limit - 1.0, text=f"{shown} {noun} over {flag} {most}"
    )


def _shorten(amount: float) -> str:
    """`128_000` as `"128k"`: three digits, as the options take it."""
    size, unit = next((it for it in _UNITS if amount >= it[0]), (1, ""))
    return f"{amount / size:.4g}{unit}" if amount / size >= 999.5 else f"{amount / size:.3g}{unit}"
