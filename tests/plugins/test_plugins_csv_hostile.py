"""CSV files that are wrong: each is refused with the file, the line and the column."""

from __future__ import annotations

import gzip
import os
import re
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imgcls_plugins import _csv_lines, _csv_pixels
from imgcls_plugins.fashion_mnist_csv import FashionMnistCsv
from imgcls_plugins.pixel_csv import PixelCsv

from imgcls_automl.plugin import DatasetError, Sample

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

HEADER = "label,p1,p2,p3,p4"


def read(path: Path, content: str | bytes) -> list[Sample]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(PixelCsv().read(str(path)))


@pytest.fixture
def table(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


@pytest.mark.parametrize(
    "cell",
    ["300", "256", "-5", "-1", "3.7", "nan", "NaN", "inf", "", " ", "x", "0x10", "1_0", "٣", "1;2"],
)
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_a_cell_that_is_no_pixel_is_named(table: Path, cell: str, header: bool) -> None:
    lines = [HEADER] if header else []
    lines += ["cat,1,2,3,4", f"dog,5,6,{cell},8"]
    place = "line 3, column 4 (p3)" if header else "line 2, column 4"
    with pytest.raises(DatasetError) as refused:
        read(table, "\n".join(lines))
    assert str(refused.value) == (
        f"{table}, {place}: '{cell}' is no pixel.\n"
        "Pixels are whole numbers 0-255. Mend the cell or delete the line."
    )


def test_a_bad_cell_in_the_first_row_is_no_header(table: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 1, column 3: 'x' is no pixel"):
        read(table, "0,1,x,3,4\n1,1,1,1,1\n")


@pytest.mark.parametrize("cell", ["3", "3.0", " 3", "3e0", "+3", "003", '"3"', "0.3E1"])
def test_whole_numbers_count_however_they_are_written(table: Path, cell: str) -> None:
    samples = read(table, f"cat,1,2,{cell},4\n")
    np.testing.assert_array_equal(samples[0].image, [[1, 2], [3, 4]])


@pytest.mark.parametrize(
    ("row", "count"), [("cat,1,2,3", 4), ("cat,1,2,3,4,5", 6), ("cat,1,2,3,4,", 6), ("cat", 1)]
)
def test_a_row_of_another_length_is_refused_with_its_count(
    table: Path, row: str, count: int
) -> None:
    with pytest.raises(
        DatasetError, match=rf"line 3 has {count} columns, but the first row has 5\."
    ):
        read(table, f"{HEADER}\ndog,1,2,3,4\n{row}\n")


def test_a_second_header_is_refused(table: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 3, column 2 \(p1\): 'p1' is no pixel"):
        read(table, f"{HEADER}\ncat,1,2,3,4\n{HEADER}\ndog,1,2,3,4\n")


def test_blank_lines_are_passed_over_and_ids_still_find_the_line(table: Path) -> None:
    samples = read(table, f"\n\r\n{HEADER}\n\ncat,1,2,3,4\n\n  \ndog,1,2,3,4\n\n")
    assert [sample.id for sample in samples] == ["table.csv:5", "table.csv:8"]


def test_the_last_line_needs_no_end(table: Path) -> None:
    assert len(read(table, "cat,1,2,3,4\ndog,1,2,3,4")) == 2


@pytest.mark.parametrize("content", ["", "\n", "\n\n  \n", "\ufeff"])
def test_an_empty_file_is_refused(table: Path, content: str) -> None:
    with pytest.raises(DatasetError, match=r"table\.csv is empty"):
        read(table, content)


@pytest.mark.parametrize("content", [HEADER, HEADER + "\n", HEADER + "\r\n\r\n"])
def test_a_header_alone_is_refused(table: Path, content: str) -> None:
    with pytest.raises(DatasetError, match=r"has a header, but no row of pixels"):
        read(table, content)


@pytest.mark.parametrize("label", ['"two\nlines"', '"open', '"a"b'])
def test_a_quote_that_does_not_close_on_its_line_is_refused(table: Path, label: str) -> None:
    with pytest.raises(DatasetError, match=r"line 2: the line cannot be split into cells"):
        read(table, f"cat,1,2,3,4\n{label},1,2,3,400\n")


def test_line_ends_of_old_macs_are_refused(table: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 1: the line cannot be split into cells"):
        read(table, "cat,1,2,3,4\rdog,1,2,3,4\r")


@pytest.mark.parametrize(
    "content", [HEADER.encode("utf-16"), b"cat,1,2,3,4\ncaf\xe9,1,2,3,4\n", b"\x00\xff\xfe"]
)
def test_what_is_no_utf8_is_refused(table: Path, content: bytes) -> None:
    with pytest.raises(DatasetError, match=r"line [12]: byte \d+, 0x.., is no UTF-8 text"):
        read(table, content)


def test_cells_in_errors_cannot_write_to_the_terminal(table: Path) -> None:
    with pytest.raises(DatasetError) as refused:
        read(table, f"cat,1,2,3,4\ndog,1,2,\x1b[2J\u202e{'9' * 500},4\n")
    assert str(refused.value).isascii()
    assert "'\\x1b[2J\\u202e999" in str(refused.value)
    assert len(str(refused.value)) < 400


def test_separators_other_than_commas_are_refused(table: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 1 has 0 pixel columns and a label"):
        read(table, "cat;1;2;3;4\n")


@pytest.mark.parametrize("keep", [8, 12, 40])
def test_a_truncated_gzip_is_refused(tmp_path: Path, keep: int) -> None:
    packed = gzip.compress(f"{HEADER}\ncat,1,2,3,4\ndog,5,6,7,8\n".encode())
    with pytest.raises(DatasetError, match=r"table\.csv\.gz is a damaged gzip file"):
        read(tmp_path / "table.csv.gz", packed[:keep])


def test_a_gzip_with_a_flipped_byte_is_refused(tmp_path: Path) -> None:
    packed = bytearray(gzip.compress(b"cat,1,2,3,4\ndog,5,6,7,8\n" * 50))
    packed[-5] ^= 0xFF
    with pytest.raises(DatasetError, match=r"is a damaged gzip file.*\n.*gzip -t"):
        read(tmp_path / "table.csv.gz", bytes(packed))


def test_packing_is_told_by_content_not_by_suffix(tmp_path: Path) -> None:
    row = b"cat,1,2,3,4\n"
    assert len(read(tmp_path / "a.csv", gzip.compress(row))) == 1
    assert len(read(tmp_path / "b.csv.gz", row)) == 1
    assert len(read(tmp_path / "c.csv.gz", gzip.compress(row) + gzip.compress(row))) == 2


def test_a_gzip_that_unpacks_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_csv_lines, "UNPACKED_BYTES", 1 << 20)
    with pytest.raises(DatasetError, match=r"unpacks to \d+ MiB and more.*\n.*gunzip"):
        read(tmp_path / "bomb.csv.gz", gzip.compress(b"cat,1,2,3,4\n" * 200_000))


@pytest.mark.parametrize("line", [b"\n", b"0" + b",0" * 32 * 32 + b"\n"], ids=["blank", "rows"])
def test_a_gzip_bomb_is_refused_long_before_it_is_unpacked(tmp_path: Path, line: bytes) -> None:
    bomb = gzip.compress(line * (10_000_000 // len(line))) * 1_000  # ten gigabytes
    with pytest.raises(DatasetError, match=r"bomb\.csv\.gz unpacks to \d\d MiB and more"):
        read(tmp_path / "bomb.csv.gz", bomb)


def test_a_line_without_end_is_refused(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv_lines, "LINE_BYTES", 1 << 10)
    with pytest.raises(DatasetError, match=r"has a line of more than"):
        read(table, b"0" * 5_000)


def test_blocks_make_no_difference(table: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_csv_lines, "BLOCK_BYTES", 64)
    lines = [f"{number},1,2,3,{number % 256}" for number in range(1_000)]
    lines[500] += ".0"
    lines.insert(700, "")
    samples = read(table, "\r\n".join([HEADER, *lines]))
    assert [sample.label for sample in samples] == [str(number) for number in range(1_000)]
    assert samples[699].id == "table.csv:701"
    assert samples[700].id == "table.csv:703"
    lines[900] += "9"
    with pytest.raises(DatasetError, match=r"line 902, column 5"):
        read(table, "\n".join([HEADER, *(line.replace(",255", ",99") for line in lines)]))


def test_the_quick_way_and_the_careful_way_agree(
    table: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (300, 12))
    rows = [f"fox {number},{','.join(map(str, row))}" for number, row in enumerate(pixels)]
    quick = read(table, "\n".join(rows))
    monkeypatch.setattr(_csv_pixels, "_parse_quickly", lambda *_: None)
    careful = read(table, "\n".join(rows))
    assert [(s.id, s.label) for s in quick] == [(s.id, s.label) for s in careful]
    np.testing.assert_array_equal([s.image for s in quick], [s.image for s in careful])


@pytest.mark.parametrize("adapter", [PixelCsv, FashionMnistCsv])
def test_what_is_no_file_is_refused_and_never_waited_for(
    tmp_path: Path, adapter: type[PixelCsv | FashionMnistCsv]
) -> None:
    pipe = tmp_path / "fashion.csv"
    os.mkfifo(pipe)
    assert adapter().match(str(pipe)) is None
    with pytest.raises(DatasetError, match=r"is a pipe or a device, but a CSV file is wanted"):
        list(adapter().read(str(pipe)))
    with pytest.raises(DatasetError, match=r"There is no file .*absent\.csv"):
        list(adapter().read(str(tmp_path / "absent.csv")))
    with pytest.raises(DatasetError, match=r"There is no file .*absent\.csv"):
        adapter().fingerprint(str(tmp_path / "absent.csv"))


def test_a_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"is a folder, but a CSV file is wanted"):
        list(PixelCsv().read(str(tmp_path)))


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_file_that_may_not_be_read_is_refused(table: Path) -> None:
    table.write_text("cat,1,2,3,4\n", encoding="utf-8")
    table.chmod(0)
    with pytest.raises(DatasetError, match=r"cannot be read: Permission denied"):
        list(PixelCsv().read(str(table)))


def test_matching_never_fails_on_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "fashion.csv.gz"
    for content in (b"", b"\x1f\x8b\x00broken", gzip.compress(b"0,1,2")[:-9], b"\xff\xfe\x00"):
        path.write_bytes(content)
        FashionMnistCsv().match(str(path))
        match = PixelCsv().match(str(path))
        assert match is not None
        assert match.score == 0.1


def test_a_header_with_two_columns_of_one_name_is_refused(table: Path) -> None:
    with pytest.raises(DatasetError, match=r"line 1: two columns are called 'p1' \(2 and 4\)"):
        read(table, "label,p1,p2,p1,p4\ncat,1,2,3,4\n")


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("quote", ["", '"'])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
def test_every_way_to_write_the_same_table(
    table: Path, end: str, mark: str, quote: str, pack: Callable[[bytes], bytes], header: bool
) -> None:
    rows = [HEADER.split(",")] * header + [["cat", "1", "2", "3", "4"], ["dog", "5", "6", "7", "8"]]
    text = "".join(",".join(f"{quote}{cell}{quote}" for cell in row) + end for row in rows)
    samples = read(table, pack(f"{mark}{text}".encode()))
    assert [(sample.id, sample.label) for sample in samples] == [
        (f"table.csv:{1 + header}", "cat"),
        (f"table.csv:{2 + header}", "dog"),
    ]
    np.testing.assert_array_equal([s.image for s in samples], [[[1, 2], [3, 4]], [[5, 6], [7, 8]]])


def test_a_label_of_any_text_comes_back_as_it_was(table: Path) -> None:
    labels = ["a,b", 'say "b"', "=cmd()", "<script>", "c\x1b[31mat", "\u202egnp", "Cat", "cat"]
    lines = [f'"{label.replace(chr(34), chr(34) * 2)}",1,2,3,4' for label in labels]
    assert [sample.label for sample in read(table, "\n".join(lines))] == labels


ODD_CELLS = (
    *("0", "7", "255", "256", "300", "-1", "-0", "3.7", "7.0", "7e0", "1e3", "+7", "007", " 7 "),
    *("", " ", "nan", "NaN", "NA", "null", "inf", "x", "0x10", "0X1f", "1_0", "1;2", '"7"', '""'),
    *("\t7", "7\r", "true", "٣", "7\x00", "1e400", "7.", ".5", "1d2", "#N/A", "2001-01-01"),
)


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(
    rows=st.lists(st.lists(st.sampled_from(("5", *ODD_CELLS)), min_size=3, max_size=5), max_size=4),
    blank=st.lists(st.sampled_from(["", "  ", "\r"]), max_size=3),
)
def test_no_row_is_skipped_and_both_ways_of_reading_agree(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], blank: list[str]
) -> None:
    """Whatever the cells: all rows are there, each under its line, or the first bad one is named."""
    lines = [
        HEADER,
        "cat,1,2,3,4",
        *blank,
        *(",".join(["dog", *cells]) for cells in rows),
        "ox,1,2,3,4",
    ]
    path = tmp_path_factory.getbasetemp() / "odd.csv"
    quick = describe(path, "\n".join(lines))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_csv_pixels, "_parse_quickly", lambda *_: None)
        assert describe(path, "\n".join(lines)) == quick
    if isinstance(quick, str):
        assert re.match(rf"{re.escape(str(path))}, line \d+", quick)
    else:
        wanted = [number for number, line in enumerate(lines, start=1) if line.strip()][1:]
        assert [name for name, _, _ in quick] == [f"odd.csv:{number}" for number in wanted]


@settings(max_examples=200, deadline=None, derandomize=True, database=None)
@given(first=st.lists(st.sampled_from(("5", "cat", "p1", *ODD_CELLS)), min_size=4, max_size=5))
def test_a_first_row_is_read_or_refused_or_all_names(
    tmp_path_factory: pytest.TempPathFactory, first: list[str]
) -> None:
    """Whatever its cells: it is a picture, its first bad cell is named, or none of it is a number."""
    path = tmp_path_factory.getbasetemp() / "first.csv"
    rest = ["ox,1,2,3,4", "ox,5,6,7,8"] if len(first) == 5 else ["1,2,3,4", "5,6,7,8"]
    told = describe(path, "\n".join([",".join(first), *rest]))
    if isinstance(told, str):
        assert re.match(rf"{re.escape(str(path))}, line 1\b", told)
    elif [name for name, _, _ in told] == ["first.csv:2", "first.csv:3"]:
        assert not any(is_number(cell.strip(' "')) for cell in first)
    else:
        assert [name for name, _, _ in told] == [f"first.csv:{line}" for line in (1, 2, 3)]


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def describe(path: Path, content: str) -> list[tuple[str, str | None, list[int]]] | str:
    """What reading gives, or the refusal."""
    try:
        samples = read(path, content)
    except DatasetError as error:
        return str(error)
    return [(s.id, s.label, np.asarray(s.image).ravel().tolist()) for s in samples]


@pytest.mark.parametrize("packed", [False, True])
def test_how_many_rows_come_is_told_beforehand_and_never_too_many(
    table: Path, packed: bool
) -> None:
    pixels = np.random.default_rng(0).integers(100, 256, (500, 784))
    rows = [",".join(map(str, row)) for row in pixels]
    content = "\n".join([",".join(f"pixel{place}" for place in range(784)), *rows]).encode()
    table.write_bytes(gzip.compress(content) if packed else content)
    for adapter in (PixelCsv(), FashionMnistCsv()):
        extent = adapter.extent(str(table))
        assert extent is not None
        assert 490 < extent.pictures <= 500
        assert extent.size == extent.pictures * 784
        assert extent.image_shape == (28, 28, 1)


@pytest.mark.parametrize("content", [b"", b"\n", b"a,b\n", b"\x1f\x8b broken"])
def test_of_what_is_no_table_of_pixels_nothing_is_told(table: Path, content: bytes) -> None:
    table.write_bytes(content)
    assert PixelCsv().extent(str(table)) is None
