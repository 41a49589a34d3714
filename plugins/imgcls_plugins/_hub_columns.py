"""Which column of a data set of the library datasets holds pictures, and which their classes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._table_columns import USUAL_NAMES
from imgcls_plugins._wording import listed, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class HubColumns:
    """Names of columns.

    Attributes:
        image: Of pictures.
        label: None where there are no labels.
        class_names: What whole numbers among the labels stand for.
    """

    image: str
    label: str | None
    class_names: tuple[str, ...] | None

    @property
    def names(self) -> list[str]:
        return [self.image] if self.label is None else [self.image, self.label]

    def name_label(self, row: Mapping[str, Any]) -> str | None:
        """The class of a row; None where it has none, which datasets writes as -1."""
        value: Any = None if self.label is None else row[self.label]
        if value is None or (self.class_names is not None and value == -1):
            return None
        if self.class_names is not None:
            return self.class_names[int(value)]
        return str(value).strip() or None


def find_hub_columns(source: str, rows: Any, image: str | None, label: str | None) -> HubColumns:
    """Find a split's columns by their features.

    Args:
        source: For messages.
        rows: A `datasets.Dataset`.
        image: The column of pictures, where the user named it.
        label: Of the labels, likewise.

    Raises:
        DatasetError: A column that was named is not there; none, or more than one, holds pictures.
    """
    import datasets

    for role, name in (("image", image), ("label", label)):
        if name is not None and name not in rows.features:
            raise DatasetError(
                f"{printable(source)} has no column {quoted(name)}; its columns are "
                f"{_list(rows.features)}.\nGive the name as it has it: --data-option {role}_column=NAME"
            )
    pictures = [name for name, it in rows.features.items() if isinstance(it, datasets.Image)]
    if image is None and len(pictures) != 1:
        raise DatasetError(
            f"{printable(source)} has {len(pictures)} columns of pictures; its columns are "
            f"{_list(rows.features)}.\nSay which one to take: --data-option image_column=NAME"
        )
    image = image or pictures[0]
    if image not in pictures:
        raise DatasetError(
            f"{printable(source)}: the column {quoted(image)} holds no pictures; these do: "
            f"{_list(pictures) or 'none'}.\nName another: --data-option image_column=NAME"
        )
    label = label or _guess_label(rows.features)
    feature = rows.features[label] if label else None
    names = tuple(feature.names) if isinstance(feature, datasets.ClassLabel) else None
    return HubColumns(image=image, label=label, class_names=names)


def _guess_label(features: Mapping[str, Any]) -> str | None:
    import datasets

    labels = [name for name, it in features.items() if isinstance(it, datasets.ClassLabel)]
    usual = [name for name in USUAL_NAMES["label"] if name in features]
    both = [name for name in usual if name in labels]
    return next(iter([*both, *(labels if len(labels) == 1 else []), *usual]), None)


def _list(names: Any) -> str:
    return listed(list(names), 8)
