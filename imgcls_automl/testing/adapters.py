"""The contract of dataset adapters, as a class that their tests subclass."""

from __future__ import annotations

import pickle
import tempfile
from collections import Counter
from itertools import islice, zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError, Extent, HasExtent, HasFingerprint, Match, Sample
from imgcls_automl.testing.imports import require_light_import
from imgcls_automl.testing.promises import (
    BrokenPromiseError,
    NotCheckedError,
    blaming,
    require,
    require_methods,
)
from imgcls_automl.testing.sources import (
    read_all,
    read_samples,
    require_text,
    time_call,
    write_alien_sources,
)

if TYPE_CHECKING:
    from imgcls_automl.plugin import DatasetAdapter

Example = tuple["DatasetAdapter", str | None]

MATCH_SECONDS = 1.0
DECODED = 50  # pictures that are looked at, from the first on

_TOTAL = "match() must look at any text without failing, and return None for what is not its own."


class DatasetAdapterContract:
    """What every dataset adapter promises.

    Subclass it with a fixture `example`: your adapter, and a small source that it reads.

        class TestLabelFile(DatasetAdapterContract):
            @pytest.fixture
            def example(self, tmp_path):
                ...  # write a few pictures, of two classes or more
                return LabelFile(), str(tmp_path)
    """

    def test_it_has_the_methods_of_an_adapter(self, example: Example) -> None:
        """It has match(source) and read(source), for an API version that is spoken here."""
        require_methods(example[0], match=("source",), read=("source",))

    def test_its_module_imports_no_framework(self, example: Example) -> None:
        """Importing its module is light: no deep-learning framework, so that reading data stays instant."""
        require_light_import(example[0])

    def test_it_matches_its_source(self, example: Example) -> None:
        """match() gives its own source a score from 0 to 1 and a reason for the user."""
        adapter, source = _unpack(example)
        match = _match(adapter, source)
        require(
            match is not None,
            f"match({source!r}) returned None, so that the source is never read without --adapter.",
            'Return Match(0.9, "a folder with a labels.tsv") for it.',
        )
        assert match is not None
        require(
            isinstance(match.score, (int, float)) and 0 < match.score <= 1,
            f"match({source!r}) gave the score {match.score!r}.",
            "Score from above 0 to 1, the surer the higher.",
        )
        require_text(match.reason, f"The reason of match({source!r})")

    def test_it_leaves_other_sources_alone(self, example: Example) -> None:
        """match() is total: None for what is not its own, and no exception for whatever is there."""
        with tempfile.TemporaryDirectory() as folder:
            missing, *others = write_alien_sources(Path(folder))
            for source in others:
                _match(example[0], source)
            for source in (missing, f"{folder}/notes.txt"):
                what = {missing: "a path where nothing is"}.get(source, Path(source).name)
                match = _match(example[0], source)
                require(match is None, f"match() of {what} returned {match!r}.", _TOTAL)

    def test_matching_is_cheap(self, example: Example) -> None:
        """match() looks without reading: it takes less than a second."""
        adapter, source = _unpack(example)
        seconds = time_call(lambda: _match(adapter, source))
        require(
            seconds < MATCH_SECONDS,
            f"match({source!r}) takes {seconds:.1f} s.",
            f"Look at names and first bytes only, in less than {MATCH_SECONDS:g} s.",
        )

    def test_it_reads_samples(self, example: Example) -> None:
        """read() ends and gives at least one sample; what it yields are samples and problems only."""
        adapter, source = _unpack(example)
        require(
            read_samples(adapter, source),
            f"read({source!r}) yielded no sample.",
            "Yield a Sample for each picture.",
        )

    def test_ids_are_unique_and_stable(self, example: Example) -> None:
        """Every id is given once, and reading again gives the same ids in the same order."""
        adapter, source = _unpack(example)
        first, second = ([item.id for item in read_all(adapter, source)] for _ in range(2))
        for name in first:
            require_text(name, "An id")
        (name, times), *_ = Counter(first).most_common(1) or [("", 1)]
        require(
            times == 1, f"The id {name!r} is given {times} times.", "Give every sample its own."
        )
        was, became = next(
            (pair for pair in zip_longest(first, second) if len({*pair}) > 1), ("", "")
        )
        require(
            first == second,
            f"Reading twice gave other ids or another order: first {was!r}, then {became!r}.",
            "Sort what you list (folders have no order), and make ids of names, not of memory or time.",
        )

    def test_labels_are_texts(self, example: Example) -> None:
        """Every sample of a labelled source has a label: a text that is not empty."""
        for sample in read_samples(*_unpack(example)):
            require_text(sample.label, f"The label of {sample.id!r}")

    def test_splits_and_groups_are_valid(self, example: Example) -> None:
        """A stated split is train, validation or test; a group is a text or None."""
        for sample in read_samples(*_unpack(example)):
            if sample.group is not None:
                require_text(sample.group, f"The group of {sample.id!r}")
            require(
                sample.split in (None, "train", "validation", "test"),
                f"The split of {sample.id!r} is {sample.split!r}.",
                'Use "train", "validation", "test" or None.',
            )

    def test_pictures_can_be_decoded(self, example: Example) -> None:
        """Pictures are files, encoded bytes, or uint8 or uint16 pixels, and can be decoded."""
        from imgcls_automl.data.decode import decode_image
        from imgcls_automl.data.reading import find_image_fault
        from imgcls_automl.errors import UnreadableImageError

        for sample in read_samples(*_unpack(example))[:DECODED]:
            fault = find_image_fault(sample.image)
            require(
                fault is None,
                f"The picture of {sample.id!r} is {fault}.",
                "Give a pathlib.Path, the bytes of an encoded picture, or uint8 or uint16 pixels.",
            )
            try:
                decode_image(sample.image, shape=(8, 8, 3), resize="stretch")
            except UnreadableImageError as error:
                raise BrokenPromiseError(
                    f"The picture of {sample.id!r} cannot be decoded: {error}.\n"
                    "Yield a Problem where a picture is missing; give an example of readable pictures."
                ) from error

    def test_a_source_that_is_not_there_is_a_dataset_error(self, example: Example) -> None:
        """read() of what is not there raises DatasetError, in one to three lines for the user."""
        with tempfile.TemporaryDirectory() as folder:
            source = f"{folder}/missing"
            try:
                items = list(islice(example[0].read(source), DECODED))
            except DatasetError as error:
                lines = len(str(error).splitlines())
                require(1 <= lines <= 3, f"Its message has {lines} lines.", "Use one to three.")
                return
            except (Exception, SystemExit) as error:
                raise BrokenPromiseError(
                    f"read() of a path where nothing is raised {type(error).__name__}: {error}.\n"
                    "Raise imgcls_automl.plugin.DatasetError: what is wrong, where, what to do."
                ) from error
        raise BrokenPromiseError(
            f"read() of a path where nothing is raised nothing and yielded {len(items) or 'no'} samples.\n"
            "Raise imgcls_automl.plugin.DatasetError: what is wrong, where, what to do."
        )

    def test_it_can_be_pickled(self, example: Example) -> None:
        """The adapter, its samples and its problems can cross to another process."""
        adapter, source = example
        items = [] if source is None else read_all(adapter, source)[:DECODED]
        for value in (adapter, *items):
            with blaming(
                f"pickle.dumps() of a {type(value).__name__}",
                "Keep no open files, locks or lambdas on it: open them where they are used.",
            ):
                pickle.loads(pickle.dumps(value))

    def test_a_fingerprint_names_the_state(self, example: Example) -> None:
        """Where there is a fingerprint(source), it is a text, and the same while the source is."""
        adapter, source = example
        if not isinstance(adapter, HasFingerprint):
            return
        source = _unpack(example)[1]
        with blaming(
            f"fingerprint({source!r})", "Return a text for any source that match() takes."
        ):
            first, second = (adapter.fingerprint(source) for _ in range(2))
        require_text(first, f"fingerprint({source!r})")
        require(
            first == second,
            f"fingerprint({source!r}) was {first!r}, then {second!r}.",
            "Make it of what read() depends on: names, sizes, times of change.",
        )

    def test_an_extent_is_no_more_than_comes(self, example: Example) -> None:
        """Where there is an extent(source), read(source) yields as many pictures and bytes, or more."""
        adapter = example[0]
        if not isinstance(adapter, HasExtent):
            return
        source = _unpack(example)[1]
        with blaming(f"extent({source!r})", "Return an Extent, or None for what is not known."):
            extent = adapter.extent(source)
        require(
            extent is None or isinstance(extent, Extent),
            f"extent({source!r}) is {extent!r}, no Extent.",
            "Return an Extent, or None for what is not known.",
        )
        images = [it.image for it in read_all(adapter, source) if isinstance(it, Sample)]
        size = sum(_count_bytes(image) for image in images)
        require(
            extent is None or (extent.pictures <= len(images) and extent.size <= size),
            f"extent({source!r}) is {extent}, but {len(images):,} pictures of {size:,} bytes come.",
            "Tell of no more than surely comes: what does not fit is refused.",
        )


def _count_bytes(image: Any) -> int:
    """What a `Sample.image` takes on the disk while it waits; a file takes nothing more."""
    if isinstance(image, bytes):
        return len(image)
    return int(getattr(image, "nbytes", 0))


def _unpack(example: Example) -> tuple[DatasetAdapter, str]:
    adapter, source = example
    if source is None:
        raise NotCheckedError("needs a source that the adapter reads: --data SOURCE")
    return adapter, source


def _match(adapter: DatasetAdapter, source: str) -> Match | None:
    __tracebackhide__ = True
    with blaming(f"match({source!r})", _TOTAL):
        match: Any = adapter.match(source)
    require(
        match is None or isinstance(match, Match),
        f"match({source!r}) returned {match!r}.",
        "Return imgcls_automl.plugin.Match(score, reason), or None.",
    )
    return match  # type: ignore[no-any-return]  # required above
