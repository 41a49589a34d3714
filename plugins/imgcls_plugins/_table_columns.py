"""What the columns of a table of paths and labels are: told by name, or by the user."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from imgcls_automl.plugin import DatasetError
from imgcls_plugins._folder_tree import FOREIGN, FORMATS
from imgcls_plugins._tables import CsvTable
from imgcls_plugins._wording import listed, printable, quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from imgcls_plugins._tables import Table

# The most telling first; compared in lower case and without `_`, `-` and spaces.
USUAL_NAMES = {
    "path": (
        *("path", "filepath", "imagepath", "imgpath", "relativepath", "file", "filename"),
        *("imagefile", "imagename", "image", "img", "picture", "photo"),
    ),
    "label": ("label", "labels", "class", "classname", "labelname", "category", "target", "y"),
    "split": ("split", "set", "subset", "partition", "usage", "phase"),
    "group": (
        *("group", "groupid", "patient", "patientid", "subject", "subjectid"),
        *("scene", "sceneid"),
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TableColumns:
    """Indices of a table's columns; None for what it does not have."""

    path: int
    label: int | None
    split: int | None
    group: int | None


def find_table_columns(table: Table, wanted: Mapping[str, str | None]) -> TableColumns:
    """Tell what each column of a table is for.

    A column is the one that the user names, else one with a usual name; the only column that is
    left then is the label.

    Args:
        table: An open table.
        wanted: For path, label, split and group the name the user gave; empty where there is to be
            none, None to look for it.

    Raises:
        DatasetError: No column has a name that was given, two have, no column holds paths, or it is
            open which one holds labels.
    """
    found = {role: _find_column(table, role, name) for role, name in wanted.items()}
    path = found["path"]
    if path is None:
        raise DatasetError(
            f"{printable(str(table.path))} has no column called {', '.join(USUAL_NAMES['path'][:4])}, "
            f"file or image; its columns are {_list_names(table)}.\n"
            "Say which column holds the pictures' paths: --data-option path_column=NAME"
        )
    if found["label"] is None and wanted["label"] is None:
        found["label"] = _guess_label(table, set(found.values()))
    return TableColumns(path=path, label=found["label"], split=found["split"], group=found["group"])


def refuse_missing_header(table: Table, root: str) -> None:
    """See to it that a table's first line is no row: its picture would be left out in silence.

    Args:
        table: An open table.
        root: The folder that its paths start from.

    Raises:
        DatasetError: A column is called like a picture.
    """
    if not isinstance(table, CsvTable):
        return  # Parquet has its names apart from its rows
    name = next((name for name in table.names if _is_picture(name, root)), None)
    if name is not None:
        raise DatasetError(
            f"{printable(str(table.path))} has no header: its first line names a picture, "
            f"{quoted(name, 100)}.\nPut a line in front that names the columns, such as path"
            f"{printable(table.separator)}label"
        )


def _is_picture(name: str, root: str) -> bool:
    if os.path.splitext(name)[1].lower() in {*FORMATS, *FOREIGN}:  # noqa: PTH122 - any text
        return True
    usual = {other for names in USUAL_NAMES.values() for other in names}
    if not name or _simplify(name) in usual:
        return False  # though a file may be called "label"
    return os.path.isfile(os.path.join(root, name))  # noqa: PTH113, PTH118 - they never raise


def describe_columns(table: Table, columns: TableColumns) -> str:
    """Say what is read from where: `"paths in 'file', labels in 'breed'"`."""
    roles = (
        ("paths", columns.path),
        ("labels", columns.label),
        ("splits", columns.split),
        ("groups", columns.group),
    )
    return ", ".join(
        f"{role} in {quoted(table.names[column])}" for role, column in roles if column is not None
    )


def _find_column(table: Table, role: str, wanted: str | None) -> int | None:
    if wanted == "":
        return None
    if wanted is not None:
        if wanted not in table.names:
            raise DatasetError(
                f"{printable(str(table.path))} has no column called {quoted(wanted)}; its columns "
                f"are {_list_names(table)}.\nGive the name as the table has it: "
                f"--data-option {role}_column=NAME, or leave it out."
            )
        return _only_column(table, wanted)
    plain = [_simplify(name) for name in table.names]
    usual = next((name for name in USUAL_NAMES[role] if name in plain), None)
    if usual is None:
        return None
    alike = {name for name in table.names if _simplify(name) == usual}
    if len(alike) > 1:
        raise DatasetError(
            f"{printable(str(table.path))} leaves open which column is the {role}: "
            f"{listed(sorted(alike), 6)}.\nSay which: --data-option {role}_column=NAME"
        )
    return _only_column(table, alike.pop())


def _only_column(table: Table, name: str) -> int:
    places = [str(index + 1) for index, other in enumerate(table.names) if other == name]
    if len(places) > 1:
        raise DatasetError(
            f"{printable(str(table.path))}: two columns are called {quoted(name)} "
            f"({listed(places)}).\nGive each column a name of its own."
        )
    return table.names.index(name)


def _guess_label(table: Table, taken: set[int | None]) -> int | None:
    others = [index for index in range(len(table.names)) if index not in taken]
    if len(others) > 1:
        raise DatasetError(
            f"{printable(str(table.path))} leaves open which column is the label; beside the paths "
            f"it has {listed([table.names[index] for index in others], 6)}.\n"
            "Say which: --data-option label_column=NAME, or label_column= where there is none."
        )
    return others[0] if others else None


def _simplify(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "").replace(" ", "")


def _list_names(table: Table) -> str:
    return listed(list(table.names), 8)
