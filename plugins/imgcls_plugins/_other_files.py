"""Files among pictures that are not known as pictures: counted by suffix, and told of once."""

from __future__ import annotations

from collections import Counter

from imgcls_automl.plugin import Problem
from imgcls_plugins._folder_tree import suffix_of
from imgcls_plugins._wording import listed


class OtherFiles:
    """What a walk came upon beside pictures."""

    def __init__(self) -> None:
        self._first: str | None = None
        self._kinds: Counter[str] = Counter()

    def add(self, id_: str) -> None:
        self._first = self._first or id_
        self._kinds[suffix_of(id_)] += 1

    def tell(self) -> Problem | None:
        """All of it as one problem with which no picture is lost, named after the first; None for none."""
        if self._first is None:
            return None
        further = self._kinds.total() - 1
        detail = "not known as a picture, and left out"
        if further:
            files = "file" if further == 1 else "files"
            detail += f" with {further:,} more {files}: {describe_kinds(self._kinds)} in all"
        return Problem(id=self._first, detail=detail, lost=False)


def describe_kinds(suffixes: Counter[str]) -> str:
    """The suffixes of files and how many have each: `"12 .txt and 1 without a suffix"`."""
    return listed(
        [f"{count:,} {suffix or 'without a suffix'}" for suffix, count in suffixes.most_common()]
    )
