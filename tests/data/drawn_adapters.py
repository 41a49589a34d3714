"""Adapters for the tests of the data stage, as a user would write them in a file beside the data."""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from imgcls_automl.plugin import DatasetError, Extent, Match, Problem, Sample


class Pictures:
    """Folders of pictures, one a class."""

    def match(self, source):
        return Match(0.5, "a folder of folders") if Path(source).is_dir() else None

    def read(self, source):
        root = Path(source)
        for path in sorted(root.rglob("*.*")):
            yield Sample(id=str(path.relative_to(root)), image=path, label=path.parent.name)


class PicturesBackwards(Pictures):
    def read(self, source):
        return reversed(list(super().read(source)))


class Rival(Pictures):
    """The same folders again."""


class Better(Pictures):
    """The same folders, with more conviction."""

    def match(self, source):
        return Match(0.9, "surely a folder of folders")


class Counted(Pictures):
    """Writes down that it was read; knows a fingerprint."""

    def fingerprint(self, source):
        return Path(source, "state.txt").read_text()

    def read(self, source):
        with Path(source).with_suffix(".reads").open("a") as file:
            file.write("read\n")
        return (sample for sample in super().read(source) if not sample.id.endswith(".txt"))


class Digits:
    """Scikit-learn's digits, as 16-bit pixels."""

    def match(self, source):
        return Match(1.0, "digits") if source == "digits" else None

    def read(self, source):
        from sklearn.datasets import load_digits

        digits = load_digits()
        for number, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
            wide = (pixels / 16 * 65_535).astype(np.uint16)
            yield Sample(id=f"digits:{number}", image=wide, label=str(label))


class Endless:
    """Says how much it would hand over, and is never to be read."""

    def match(self, source):
        return Match(1.0, "all there is")

    def extent(self, source):
        return Extent(pictures=10**6, size=10**12)

    def read(self, source):
        raise AssertionError("it does not fit")


class Encoded(Pictures):
    """The same pictures, handed over as bytes."""

    def read(self, source):
        for sample in super().read(source):
            yield Sample(id=sample.id, image=sample.image.read_bytes(), label=sample.label)


class Patients(Pictures):
    """The first letter of a file's name is the patient."""

    def read(self, source):
        for sample in super().read(source):
            patient = int(sample.image.stem) // 4
            yield Sample(id=sample.id, image=sample.image, label=sample.label, group=f"{patient}")


class SaysTest(Pictures):
    def read(self, source):
        for number, sample in enumerate(super().read(source)):
            split = "test" if number % 4 == 0 else "train"
            yield Sample(id=sample.id, image=sample.image, label=sample.label, split=split)


class ReportsProblems(Pictures):
    def read(self, source):
        yield Problem(id="lost.png", detail="listed in the table, but not there")
        yield from super().read(source)


class Strange:
    """Names that break files, screens and spreadsheets."""

    def match(self, source):
        return None

    def read(self, source):
        names = ("red\x1b[31m", "lone \udc80", "=cmd()", "[bold]")
        for number, name in enumerate(names * 5):
            pixels = np.full((8, 8), number, dtype=np.uint8)
            yield Sample(id=f"{name}\n{number}", image=pixels, label=name)


class Hangs(Pictures):
    def match(self, source):
        time.sleep(60)


class Dies(Pictures):
    def match(self, source):
        os.kill(os.getpid(), 9)

    def read(self, source):
        os.kill(os.getpid(), 9)


class Fails(Pictures):
    def match(self, source):
        raise KeyError("no such thing")

    def read(self, source):
        yield from list(super().read(source))[:2]
        raise KeyError("no such thing")


class Oversure(Pictures):
    def match(self, source):
        return Match(7.0, "more than sure")


class BadRow(Pictures):
    def read(self, source):
        class BadRowError(DatasetError):  # cannot be unpickled anywhere else
            pass

        raise BadRowError("fashion.csv, row 17, column 3: 300 is no pixel.")


class Repeats(Pictures):
    def read(self, source):
        for sample in super().read(source):
            yield sample
            yield sample


class Rambles(Pictures):
    def read(self, source):
        raise DatasetError("\n".join(("one", "two", "three", "four", "five")))


class Leaves(Pictures):
    def read(self, source):
        sys.exit(4)


class Numbers(Pictures):
    def read(self, source):
        yield Problem(id=7, detail="a number is no id")


class Floats(Pictures):
    def read(self, source):
        yield Sample(id="a", image=np.zeros((8, 8)), label="x")


class Unlabelled(Pictures):
    def read(self, source):
        yield Sample(id="a.png", image=np.zeros((8, 8), dtype=np.uint8), label=None)


class Chatty(Pictures):
    def read(self, source):
        sys.stdout.write("hello from the adapter")
        sys.stderr.write("and to the user's terminal")
        return super().read(source)


class Stalls(Pictures):
    """Gives a few pictures, and then nothing for ever."""

    def read(self, source):
        yield from list(super().read(source))[:2]
        time.sleep(600)


class Plenty(Pictures):
    """Each picture of the folder, many times over: decoding takes a second."""

    def read(self, source):
        for sample in super().read(source):
            for number in range(25):
                yield Sample(id=f"{sample.id}:{number}", image=sample.image, label=sample.label)


class Restless(Pictures):
    """Another state at every look."""

    def fingerprint(self, source):
        return str(time.monotonic_ns())


class Wide:
    """As many blank pictures as the source says, in a blink."""

    def match(self, source):
        return None

    def read(self, source):
        pixels = np.zeros((8, 8), dtype=np.uint8)
        for number in range(int(source)):
            yield Sample(id=f"{number:06}", image=pixels, label=str(number % 2))


class Named:
    """Pictures, pairs of which are copies, with the names that a JSON file lists; as many problems and groups."""

    def match(self, source):
        return Match(0.5, "a list of names")

    def read(self, source):
        names = json.loads(Path(source).read_text())
        for number, name in enumerate(names):
            pixels = np.random.default_rng(number // 2).integers(0, 256, (8, 8), dtype=np.uint8)
            label = names[number % 50]
            yield Sample(id=name, image=pixels, label=label, group=f"{name}'s")
            yield Problem(id=f"{name} lost", detail=name)
            yield Sample(id=f"{name} spoilt", image=name.encode("utf-8", "replace"), label=label)
