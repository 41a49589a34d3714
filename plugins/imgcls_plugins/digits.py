"""The source `digits`: pictures that come with scikit-learn, for a first search without files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError, Match, Sample

if TYPE_CHECKING:
    from collections.abc import Iterator

SOURCE = "digits"

_BRIGHTEST = 16  # of scikit-learn's pixels


class Digits:
    """scikit-learn's handwritten digits: 1,797 grey pictures of 8x8, ten classes `"0"` to `"9"`."""

    def match(self, source: str) -> Match | None:
        # A file or folder that the user calls so is theirs.
        if source != SOURCE or Path(source).exists():
            return None
        return Match(1.0, "scikit-learn's built-in digits: 1,797 pictures of 8x8")

    def read(self, source: str) -> Iterator[Sample]:
        """Yield the pictures as uint8 (8, 8), rescaled from 0-16 to 0-255, with ids `"digits:0"`
        and on.

        Raises:
            DatasetError: The source is not `"digits"`.
        """
        if source != SOURCE:
            raise DatasetError(
                f"The adapter digits reads only the source {SOURCE!r}, but got {source!r}.\n"
                "Leave --adapter out to have an adapter chosen for your data."
            )
        import numpy as np
        from sklearn.datasets import load_digits

        digits = load_digits()
        images = np.rint(digits.images * (255 / _BRIGHTEST)).astype(np.uint8)
        for number, (image, label) in enumerate(zip(images, digits.target, strict=True)):
            yield Sample(id=f"{SOURCE}:{number}", image=image, label=str(label))

    def fingerprint(self, source: str) -> str:
        """Constant: these pictures never change. The number counts our ways of reading them."""
        return "digits-1"
