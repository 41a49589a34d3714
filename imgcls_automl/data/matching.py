"""Which adapter reads a source: asked in a child process, because an adapter may fail or hang."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl import registry
from imgcls_automl.errors import ConfigError, DatasetError, ImgclsError
from imgcls_automl.processes import Child, ChildDiedError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from multiprocessing.connection import Connection

    from imgcls_automl.plugin import DatasetAdapter
    from imgcls_automl.registry import PluginInfo

logger = logging.getLogger(__name__)

MATCH_SECONDS = 5.0  # for one adapter, its import included
_START_SECONDS = 60.0  # for a Python to start on a busy machine; no adapter's fault


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What one adapter said: a score, a failure, or neither where the source is not its own.

    Attributes:
        reads: What the adapter reads, in its author's words: the first line of its docstring.
        refused: Whether it was not asked, because it does not take the user's options.
    """

    score: float | None = None
    reason: str = ""
    failure: str = ""
    reads: str = ""
    refused: bool = False


def choose_adapter(
    source: str,
    adapter: str | None,
    options: Mapping[str, str],
    log: Path | None,
    *,
    seconds: float = MATCH_SECONDS,
) -> tuple[PluginInfo, str]:
    """Find the adapter for a source, and why it is the one.

    Args:
        source: What the user named.
        adapter: A name or class reference to use without asking; None to ask all adapters.
        options: The adapter's keyword arguments.
        log: The file for what adapters print.
        seconds: How long each adapter may take.

    Raises:
        DatasetError: No adapter reads the source.
        ConfigError: Two do, equally well.
        UnknownPluginError, DuplicatePluginError: `adapter` names none, or two.
    """
    if adapter is not None:
        return registry.find(registry.DATASETS, adapter), "named with --adapter"
    plugins = registry.discover(registry.DATASETS)
    answers = list(zip(plugins, ask_adapters(source, plugins, options, log, seconds), strict=True))
    for info, answer in answers:
        if answer.failure:
            logger.warning(
                "The dataset adapter %r (%s) was skipped: %s",
                info.name,
                info.origin,
                answer.failure,
            )
    return _choose_best(source, answers)


def choose_common_adapter(
    sources: Sequence[str], adapter: str | None, options: Mapping[str, str], log: Path | None
) -> tuple[PluginInfo, str]:
    """Find the adapter that reads all of several sources, and why it is the one.

    Raises:
        ConfigError: Not all sources are of the same kind; or as `choose_adapter`, as are the others.
        DatasetError, UnknownPluginError, DuplicatePluginError: As `choose_adapter`.
    """
    chosen = [choose_adapter(source, adapter, options, log) for source in sources]
    info, _ = chosen[0]
    for source, (other, _) in zip(sources, chosen, strict=True):
        if other != info:
            raise ConfigError(
                f"The sources are of different kinds: {sources[0]!r} is read by {info.name!r}, "
                f"{source!r} by {other.name!r}.\n"
                "Give sources of one kind, or name one adapter for all: --adapter NAME"
            )
    return info, "; ".join(dict.fromkeys(reason for _, reason in chosen))


def ask_adapters(
    source: str,
    plugins: list[PluginInfo],
    options: Mapping[str, str],
    log: Path | None,
    seconds: float,
) -> Iterator[Answer]:
    """Yield each adapter's answer, in order. One that hangs or dies costs only its process."""
    child: Child | None = None
    try:
        for info in plugins:
            if child is None:
                child = _start(source, options, log)
            try:
                child.send(info)
                yield child.receive(seconds)
                continue
            except TimeoutError:
                yield Answer(failure=f"it took longer than {seconds:g} s")
            except ChildDiedError as error:
                yield Answer(failure=f"its process {error}")
            child.stop()
            child = None
    finally:
        if child is not None:
            child.stop()


def answer_matches(
    connection: Connection[Any, Any], source: str, options: Mapping[str, str]
) -> None:
    """What the child process runs: for every plugin sent, an `Answer`."""
    connection.send("started")
    while True:
        connection.send(_ask(connection.recv(), source, options))


def _start(source: str, options: Mapping[str, str], log: Path | None) -> Child:
    child = Child("imgcls_automl.data.matching:answer_matches", source, dict(options), log=log)
    try:
        child.receive(_START_SECONDS)
    except BaseException:
        child.stop()
        raise
    return child


def _ask(info: PluginInfo, source: str, options: Mapping[str, str]) -> Answer:
    try:
        adapter: DatasetAdapter = registry.load(info, options)
        reads = (type(adapter).__doc__ or "").strip().partition("\n")[0]
        match = adapter.match(source)
        if match is None:
            return Answer(reads=reads)
        score, reason = match
        if not 0 <= score <= 1:
            raise ValueError(f"its score must be between 0 and 1, but is {score!r}")
        return Answer(score=float(score), reason=str(reason), reads=reads)
    except Exception as error:
        if options and isinstance(error.__cause__, TypeError):  # a keyword that it does not know
            return Answer(refused=True)
        logger.warning("The dataset adapter %r failed to match", info.name, exc_info=error)
        text = " ".join(str(error).split())
        return Answer(
            failure=text if isinstance(error, ImgclsError) else f"{type(error).__name__}: {text}"
        )


def _choose_best(source: str, answers: list[tuple[PluginInfo, Answer]]) -> tuple[PluginInfo, str]:
    scored = [(answer.score, info, answer) for info, answer in answers if answer.score is not None]
    if not scored:
        raise DatasetError(_describe_no_match(source, answers))
    best = max(score for score, _, _ in scored)
    winners = [(info, answer) for score, info, answer in scored if score == best]
    if len(winners) > 1:
        raise ConfigError(
            f"Two adapters read {source!r} equally well: "
            + " and ".join(
                f"{info.name!r} ({info.origin}: {it.reason})" for info, it in winners[:2]
            )
            + f".\nChoose one: {' or '.join(_name_options(winners[0][0], winners[1][0]))}"
        )
    info, answer = winners[0]
    return info, answer.reason


def _name_options(first: PluginInfo, second: PluginInfo) -> tuple[str, str]:
    """How to ask for either; by class where both have the same name."""
    if first.name == second.name:
        return f"--adapter {first.value}", f"--adapter {second.value}"
    return f"--adapter {first.name}", f"--adapter {second.name}"


def _describe_no_match(source: str, answers: list[tuple[PluginInfo, Answer]]) -> str:
    exists = os.path.exists(source)  # noqa: PTH110 - Path.exists raises on names that are too long
    asked = [
        # What each reads helps whoever has a file that none wants, not whoever mistyped its name.
        f"{info.name} ({answer.reads.rstrip('.')})" if answer.reads and exists else info.name
        for info, answer in answers
        if not answer.failure and not answer.refused
    ]
    refused = [info.name for info, answer in answers if answer.refused]
    failed = [f"{info.name} ({answer.failure})" for info, answer in answers if answer.failure]
    skipped = []
    if refused:
        skipped.append(f"Not asked, for they do not take your options: {', '.join(refused)}.")
    if failed:
        skipped.append(f"Failed: {'; '.join(failed)}.")
    between = "; " if exists else ", "
    check = "" if exists else "Check the path. "
    lines = [
        _describe_source(source, exists),
        f"{check}Asked: {between.join(asked) or 'none'}.",
        " ".join(skipped),
    ]
    return "\n".join(line for line in lines if line)


def _describe_source(source: str, exists: bool) -> str:
    if exists:
        return f"No adapter reads the {'folder' if Path(source).is_dir() else 'file'} {source!r}."
    return f"There is no file or folder {source!r}, and no adapter asked knows it by name."
