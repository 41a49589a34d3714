"""How a run ends, well or not: its record closed, leaderboard, model card and report written."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from imgcls_automl.errors import InterruptedRunError
from imgcls_automl.run_folder import now

if TYPE_CHECKING:
    from collections.abc import Iterator

    from imgcls_automl.config import RunConfig
    from imgcls_automl.run_folder import RunFolder


@contextmanager
def closing_record(folder: RunFolder, config: RunConfig, *, resumed: bool) -> Iterator[None]:
    """Leave a complete, readable run folder however the run ends.

    A command that ends before its search begins, because data or plugins have changed, say, leaves the record of an
    earlier one as it was.
    """
    before = folder.record
    folder.update(status="running", config=config.to_json())
    status = "failed"
    try:
        yield
        status = "complete"
    except KeyboardInterrupt:
        status = "interrupted"
        folder.update(status=status)
        raise InterruptedRunError(_describe_interruption(folder)) from None
    finally:
        if folder.search_began:
            folder.note_elapsed()
            folder.update(status=status, ended=now(), reported=False)
            _write_report(folder)
            folder.update(reported=True)
        else:
            folder.update(**(before if resumed else {"status": status}))


def _write_report(folder: RunFolder) -> None:
    """Write what is shown of a run; until all of it is there, the run is not `reported`, and `resume` does it again."""
    from imgcls_automl.results.leaderboard import write_leaderboard
    from imgcls_automl.results.model_card import write_model_card
    from imgcls_automl.results.report import write_report

    write_leaderboard(folder.path)
    if folder.record["best_trial"] is not None:
        write_model_card(folder.path)
    write_report(folder.path)


def _describe_interruption(folder: RunFolder) -> str:
    if not folder.search_began:
        return "Interrupted before a trial began: nothing was kept of this command."
    from imgcls_automl.results.records import read_run
    from imgcls_automl.results.verdict import describe_standing, quote, show_path

    return (
        "Interrupted. All finished trials are saved.\n"
        f"{describe_standing(read_run(folder.path))}\n"
        f"Go on with: imgcls-automl resume {quote(show_path(folder.path))}"
    )
