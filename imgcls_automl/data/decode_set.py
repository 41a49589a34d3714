"""All pictures of a reading, decoded into a folder of the cache."""

from __future__ import annotations

import hashlib
import threading
from contextlib import nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from imgcls_automl.data.checks import check_unreadable_so_far
from imgcls_automl.data.content import digest_content, read_once
from imgcls_automl.data.dataset import IngestProgress
from imgcls_automl.data.decode import decode_image
from imgcls_automl.data.decoded import IMAGES, Contents, ImagesWriter, Issue, write_contents
from imgcls_automl.data.header import Header, read_header
from imgcls_automl.data.pace import Pace
from imgcls_automl.data.room import make_room
from imgcls_automl.data.sizing import choose_shape, summarise_headers
from imgcls_automl.data.threads import map_in_order, map_reads
from imgcls_automl.errors import DatasetError, UnreadableImageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from imgcls_automl.data.dataset import DatasetRequest
    from imgcls_automl.data.reading import Reading, Report, SpooledSample
    from imgcls_automl.data.spool import Spool
    from imgcls_automl.plugin import Problem

# Larger pictures are decoded one at a time: with one a thread, memory would grow with the cores.
_LARGE_PIXELS = 20_000_000
_TOLD_NOTES = 3  # of an adapter

Looked = tuple["SpooledSample", Header]
Decoded = tuple[np.ndarray, bytes]  # pixels, and the digest of what the source holds


class NothingReadableError(DatasetError):
    """Not one picture of a set can be read; `issues` has the reasons."""

    def __init__(self, issues: list[Issue]) -> None:
        first = issues[0]
        super().__init__(
            f"None of the {len(issues)} pictures can be read.\n"
            f"The first that failed: {first.id!r}: {first.detail}. Repair it, or save it anew."
        )
        self.issues = issues


@dataclass(slots=True)
class _Failures:
    """Pictures left out so far, of how many, and what says how many may be."""

    issues: list[Issue]
    total: int
    request: DatasetRequest
    lasting: bool = True

    def check(self) -> None:
        check_unreadable_so_far(self.issues, self.total, self.request)

    def add(self, sample: SpooledSample, error: UnreadableImageError) -> None:
        self.issues.append(Issue(id=sample.id, problem="unreadable", detail=str(error)))
        cause = error.__cause__
        if isinstance(cause, OSError) and cause.errno is not None:
            self.lasting = False
        self.check()


def decode_set(
    folder: Path, reading: Reading, spool: Spool, *, request: DatasetRequest, report: Report
) -> Contents:
    """Decode a set into `folder`. Memory holds a few pictures at a time, whatever the set's size.

    Raises:
        DatasetError: The set does not fit, or too many pictures cannot be read.
        NothingReadableError: Not one can.
    """
    failures = _Failures(
        [Issue(id=it.id, problem="reported", detail=it.detail) for it in reading.problems],
        total=len(reading.samples) + len(reading.problems),
        request=request,
    )
    failures.check()
    spool.flush()
    looked = _look(reading.samples, spool, request.max_pixels, failures, report)
    _check_any_left(looked, failures)
    shape = choose_shape([header for _, header in looked], request.image_size)
    make_room(request.cache, pictures=len(looked), shape=shape, limit=request.cache_limit)
    written = _write_images(folder / IMAGES, looked, spool, shape, request, failures, report)
    _check_any_left(written.kept, failures)
    contents = _contents(reading, written, shape, failures)
    write_contents(folder, contents)
    return contents


def _look(
    samples: list[SpooledSample],
    spool: Spool,
    max_pixels: int,
    failures: _Failures,
    report: Report,
) -> list[Looked]:
    """Read all headers; the shape of the set depends on every one."""

    def look(sample: SpooledSample) -> Header | UnreadableImageError:
        picture = sample.picture
        try:
            return read_header(spool.get(picture), max_pixels=max_pixels)
        except UnreadableImageError as error:
            return error

    looked: list[Looked] = []
    # Most pictures of a set are alike: what is equal is kept once.
    known: dict[Header, Header] = {}
    pace = Pace()
    for done, (sample, found) in enumerate(
        zip(samples, map_reads(look, samples), strict=True), start=1
    ):
        if isinstance(found, Header):
            looked.append((sample, known.setdefault(found, found)))
        else:
            failures.add(sample, found)
        if pace.is_due() or done == len(samples):
            report(IngestProgress(stage="checking", done=done, total=len(samples)))
    return looked


@dataclass(frozen=True, slots=True)
class _Written:
    """Pictures that were decoded, the digests of their sources, and the set's fingerprint."""

    kept: list[Looked]
    digests: np.ndarray
    fingerprint: str


def _write_images(
    path: Path,
    looked: list[Looked],
    spool: Spool,
    shape: tuple[int, int, int],
    request: DatasetRequest,
    failures: _Failures,
    report: Report,
) -> _Written:
    """Decode and write all pictures that can be."""

    one_at_a_time = threading.Lock()

    def decode(one: Looked) -> Decoded | UnreadableImageError:
        sample, header = one
        is_large = header.height * header.width > _LARGE_PIXELS
        try:
            with one_at_a_time if is_large else nullcontext():
                picture = read_once(spool.get(sample.picture))
                pixels = decode_image(
                    picture, shape=shape, resize=request.resize, max_pixels=request.max_pixels
                )
                return np.ascontiguousarray(pixels), digest_content(picture)
        except UnreadableImageError as error:
            return error

    kept: list[Looked] = []
    pace = Pace()
    digests = bytearray()
    fingerprint = hashlib.blake2b(repr(shape).encode(), digest_size=16)
    with ImagesWriter(path, shape) as images:
        for done, (one, decoded) in enumerate(
            zip(looked, map_in_order(decode, looked), strict=True), start=1
        ):
            if isinstance(decoded, tuple):
                pixels, digest = decoded
                images.append(pixels.data)
                kept.append(one)
                digests += digest
                fingerprint.update(_text_of(one[0]))
                fingerprint.update(pixels.data)
            else:
                failures.add(one[0], decoded)
            if pace.is_due() or done == len(looked):
                report(IngestProgress(stage="decoding", done=done, total=len(looked)))
    return _Written(kept, np.frombuffer(digests, "V16"), fingerprint.hexdigest())


def _text_of(sample: SpooledSample) -> bytes:
    return repr((sample.id, sample.label, sample.split, sample.group)).encode()


def _contents(
    reading: Reading, written: _Written, shape: tuple[int, int, int], failures: _Failures
) -> Contents:
    kept = written.kept
    samples = [sample for sample, _ in kept]
    names = sorted({sample.label for sample in reading.samples if sample.label is not None})
    indices = {name: index for index, name in enumerate(names)}
    labels = np.array([indices[sample.label or ""] for sample in samples], dtype=np.int32)
    return Contents(
        image_shape=shape,
        class_names=tuple(names),
        ids=[sample.id for sample in samples],
        labels=labels,
        stated=[sample.split for sample in samples],
        groups=[sample.group for sample in samples],
        sizes=np.array([(header.height, header.width) for _, header in kept], dtype=np.int32),
        digests=written.digests,
        issues=failures.issues,
        notes=[
            Issue(id=sample.id, problem="disguised", detail=header.disguise)
            for sample, header in kept
            if header.disguise is not None
        ],
        lasting=failures.lasting,
        originals=summarise_headers([header for _, header in kept]),
        fingerprint=written.fingerprint,
        remarks=_tell_notes(reading.notes),
    )


def _tell_notes(notes: Sequence[Problem]) -> list[str]:
    told = [f"{note.id}: {note.detail}" for note in notes[:_TOLD_NOTES]]
    more = len(notes) - _TOLD_NOTES
    return [*told, f"{more:,} more notes of the adapter like these"] if more > 0 else told


def _check_any_left(pictures: list[Looked], failures: _Failures) -> None:
    if not pictures:
        raise NothingReadableError(failures.issues)
