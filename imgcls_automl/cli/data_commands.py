"""The commands of `data`; here those of its cache: what decoded pictures are kept, and away with them."""

from __future__ import annotations

import json as json_format
import os
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from imgcls_automl.cli.durations import format_age
from imgcls_automl.cli.wording import count
from imgcls_automl.config import DEFAULT_CACHE_LIMIT
from imgcls_automl.config_sources import resolve_option
from imgcls_automl.text import format_bytes, plain

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imgcls_automl.data.cached_sets import CachedSet

SCHEMA_VERSION = 1
SHOWN = 12  # characters of a fingerprint, enough to name it by

CacheDir = Annotated[
    str | None,
    typer.Option(
        metavar="DIR",
        help="Where decoded pictures are kept. Default: the user's cache folder.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Put one JSON object on stdout.")]


def add_commands(app: typer.Typer) -> None:
    from imgcls_automl.cli import inspections, quarantines

    data = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    inspections.add_commands(data)
    quarantines.add_commands(data)
    cache = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
    cache.command("list")(list_cache)
    cache.command("clear")(clear_cache)
    data.add_typer(cache, name="cache", help="The decoded pictures that are kept between runs.")
    app.add_typer(data, name="data", help="Data sets, without a search.")


def list_cache(cache_dir: CacheDir = None, json: Json = False) -> None:
    """List the decoded data sets and the arrays given in Python that are kept, the last used first."""
    from imgcls_automl.data.cached_sets import list_sets
    from imgcls_automl.data.leftovers import measure_unfinished

    folder = _find_cache(cache_dir)
    sets = list_sets(folder)[::-1]
    limit = resolve_option("cache_limit", None, os.environ) or DEFAULT_CACHE_LIMIT
    unfinished = measure_unfinished(folder)
    total = sum(one.size for one in sets) + unfinished
    if json:
        _put_json(
            cache=str(folder),
            limit_bytes=limit,
            bytes=total,
            unfinished_bytes=unfinished,
            sets=[_to_json(it) for it in sets],
        )
        return
    if sets:
        _show_sets(sets)
    if unfinished:
        typer.echo(f"Being written, or left by a killed process: {format_bytes(unfinished)}")
    typer.echo(
        f"{count(len(sets), 'data set')}, {format_bytes(total)} of {format_bytes(limit)}, "
        f"in {plain(str(folder))}"
    )


def clear_cache(
    fingerprints: Annotated[
        list[str] | None,
        typer.Argument(metavar="FINGERPRINT", help="As 'data cache list' shows them; all if none."),
    ] = None,
    cache_dir: CacheDir = None,
    json: Json = False,
) -> None:
    """Remove decoded data sets and arrays given in Python, all or some; those in use stay.

    Your own pictures are never touched. A run on arrays can be resumed once they were given again.
    """
    from imgcls_automl.data.cached_sets import find_named, list_sets, remove_sets
    from imgcls_automl.data.leftovers import clear_leftovers

    folder = _find_cache(cache_dir)
    sets = list_sets(folder)
    chosen = find_named(sets, fingerprints) if fingerprints else sets
    removed = remove_sets(chosen)
    left = clear_leftovers(folder)
    kept = [one for one in chosen if one not in removed and one.folder.exists()]
    freed = sum(one.size for one in removed) + left
    if json:
        _put_json(
            cache=str(folder),
            freed_bytes=freed,
            removed=[_to_json(one) for one in removed],
            in_use=[_to_json(one) for one in kept],
        )
        return
    typer.echo(f"Removed {count(len(removed), 'data set')}, {format_bytes(freed)} freed.")
    for one in kept:
        typer.echo(f"In use by a running process, and kept: {one.name[:SHOWN]} {_source_of(one)}")


def _find_cache(given: str | None) -> Path:
    from imgcls_automl.stages import default_cache

    chosen: Path | None = resolve_option("cache_dir", given, os.environ)
    return chosen or default_cache()


def _show_sets(sets: Sequence[CachedSet]) -> None:
    from imgcls_automl.cli.tables import show_table

    now = time.time()
    show_table(
        ("fingerprint", "data", "pictures", "shape", "size", "made", "last used"),
        [
            (
                one.name[:SHOWN],
                _source_of(one),
                f"{one.about.pictures:,}" if one.about else "",
                "x".join(map(str, one.about.image_shape)) if one.about else "",
                format_bytes(one.size),
                format_age(now - one.about.created) if one.about else "",
                "in use" if one.in_use else format_age(now - one.last_used),
            )
            for one in sets
        ],
    )


def _source_of(one: CachedSet) -> str:
    if one.about is None:
        return "(damaged, or of an older version)"
    test = f" + {one.about.test_data}" if one.about.test_data else ""
    return plain(one.about.data + test)


def _to_json(one: CachedSet) -> dict[str, Any]:
    about = one.about
    return {
        "fingerprint": about.fingerprint if about else None,
        "key": one.folder.name,
        "data": about.data if about else None,
        "test_data": about.test_data if about else None,
        "adapter": about.adapter if about else None,
        "pictures": about.pictures if about else None,
        "image_shape": about.image_shape if about else None,
        "bytes": one.size,
        "created": _format_time(about.created) if about else None,
        "last_used": _format_time(one.last_used),
        "in_use": one.in_use,
    }


def _format_time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _put_json(**values: Any) -> None:
    typer.echo(json_format.dumps({"schema_version": SCHEMA_VERSION, **values}))
