"""The trial that a space's `suggest` gets in a worker: its suggest_* calls are made in the search process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NoReturn

from optuna.trial import BaseTrial

from imgcls_automl.executors.messages import SuggestCall

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Sequence

    from optuna.distributions import BaseDistribution

    from imgcls_automl.executors.messages import SuggestAnswer


class RemoteTrial(BaseTrial):
    """Forwards `suggest_*`; everything else of a trial is not a space's to use.

    Args:
        number: The trial's number in the study.
        ask: Sends a call to the search process and waits for its answer.
    """

    def __init__(self, number: int, ask: Callable[[SuggestCall], SuggestAnswer]) -> None:
        self._number = number
        self._ask = ask
        self._params: dict[str, Any] = {}

    def suggest_float(
        self, name: str, low: float, high: float, *, step: float | None = None, log: bool = False
    ) -> float:
        return float(self._suggest("suggest_float", name, low=low, high=high, step=step, log=log))

    def suggest_int(
        self, name: str, low: int, high: int, *, step: int = 1, log: bool = False
    ) -> int:
        return int(self._suggest("suggest_int", name, low=low, high=high, step=step, log=log))

    def suggest_categorical(self, name: str, choices: Sequence[Any]) -> Any:
        # A member of a plugin's own enumeration of texts is sent as its text: the search process must not import
        # a plugin's module to know it. `suggest` gets its own member back.
        own = {_to_text(choice): choice for choice in choices if isinstance(choice, str)}
        sent = [_to_text(choice) if isinstance(choice, str) else choice for choice in choices]
        drawn = self._suggest("suggest_categorical", name, choices=sent)
        return own.get(drawn, drawn) if isinstance(drawn, str) else drawn

    def suggest_uniform(self, name: str, low: float, high: float) -> float:
        return self.suggest_float(name, low, high)

    def suggest_loguniform(self, name: str, low: float, high: float) -> float:
        return self.suggest_float(name, low, high, log=True)

    def suggest_discrete_uniform(self, name: str, low: float, high: float, q: float) -> float:
        return self.suggest_float(name, low, high, step=q)

    def report(self, value: float, step: int) -> None:
        self._refuse("report")

    def should_prune(self) -> bool:
        self._refuse("should_prune")

    def set_user_attr(self, key: str, value: Any) -> None:
        self._refuse("set_user_attr")

    def set_constraint(self, key: str, value: float) -> None:
        self._refuse("set_constraint")

    @property
    def number(self) -> int:
        return self._number

    @property
    def params(self) -> dict[str, Any]:
        return dict(self._params)

    @property
    def distributions(self) -> dict[str, BaseDistribution]:
        return {}

    @property
    def user_attrs(self) -> dict[str, Any]:
        return {}

    @property
    def constraints(self) -> dict[str, float]:
        return {}

    @property
    def datetime_start(self) -> datetime.datetime | None:
        return None

    def _suggest(self, method: str, name: str, **arguments: Any) -> Any:
        answer = self._ask(SuggestCall(method=method, arguments={"name": name, **arguments}))
        if answer.error is not None:
            raise answer.error
        self._params[name] = answer.value
        return answer.value

    def _refuse(self, method: str) -> NoReturn:
        raise TypeError(
            f"suggest() must be pure: it may call trial.suggest_* only, but it called trial.{method}()"
        )


def _to_text(choice: str) -> str:
    return str.__str__(choice)
