"""A data set looked at rather than trained on: what is in it, what is wrong with it, what is worth showing."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.data.cache_use import using
from imgcls_automl.data.prepare import answered

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from imgcls_automl.data.dataset import Dataset, DatasetRequest
    from imgcls_automl.data.decoded import Issue
    from imgcls_automl.data.prepare import OnProgress
    from imgcls_automl.data.sights import Sights


@dataclass(frozen=True, slots=True, kw_only=True)
class Inspection:
    """What an inspection found.

    Attributes:
        summary: The set in numbers, as a run's data/summary.json has it; see `records.summarise`. Where not one picture
            can be read, only what does not need one.
        unreadable: Pictures that cannot be had, with the reasons.
        findings: What is odd about the others, about files and about classes, each with one of `audit.PROBLEMS` or
            `"disguised"`.
        refusal: Why a search would not begin on this data; None where it would.
        sights: What is worth showing; None where not one picture can be read.
        dataset: The set itself; None where not one picture can be read.
    """

    summary: dict[str, Any]
    unreadable: tuple[Issue, ...]
    findings: tuple[Issue, ...]
    refusal: str | None
    sights: Sights | None
    dataset: Dataset | None

    def to_json(self) -> dict[str, Any]:
        """All that was found, but for what is only there to be shown."""
        return {
            **self.summary,
            "refusal": self.refusal,
            "unreadable_pictures": [asdict(issue) for issue in self.unreadable],
            "findings": [asdict(issue) for issue in self.findings],
        }


@contextmanager
def opened_inspection(
    request: DatasetRequest, *, log: Path | None = None, on_progress: OnProgress | None = None
) -> Iterator[Inspection]:
    """Inspect a data set in a child process; its decoded pictures stay in the cache until the block ends.

    What stops a search does not stop an inspection: `refusal` tells of it.

    Raises:
        DatasetError: The source is not there or cannot be read as a whole; or the set does not fit.
        PluginError: The adapter is unknown, broken or of another version.
        ConfigError: Two adapters fit equally, sources are of several kinds, or the cache folder cannot be written.
    """
    target = "imgcls_automl.data.inspect_set:answer"
    with ExitStack() as held:
        with answered(target, request, log=log, on_progress=on_progress) as answer:
            inspection: Inspection = answer
            if inspection.dataset is not None:
                held.enter_context(using(inspection.dataset.images.parent))
        yield inspection
