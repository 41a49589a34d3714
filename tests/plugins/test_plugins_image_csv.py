"""Tables of paths and labels, and what is wrong with them."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from imgcls_plugins import image_csv
from imgcls_plugins._tables import open_table
from imgcls_plugins.fashion_mnist_csv import FashionMnistCsv
from imgcls_plugins.image_csv import ImageCsv
from imgcls_plugins.pixel_csv import PixelCsv
from PIL import Image
from pyarrow import compute, parquet

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint, Problem, Sample

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    """A folder with the pictures of three pets."""
    (tmp_path / "pics").mkdir()
    for number in range(3):
        Image.new("L", (8, 8), 80 * number).save(tmp_path / f"pics/{number}.png")
    return tmp_path


def write(pets: Path, content: str | bytes, name: str = "pets.csv") -> str:
    data = content.encode() if isinstance(content, str) else content
    (pets / name).write_bytes(data)
    return str(pets / name)


def read(source: str, **options: str) -> list[Sample]:
    """Read a table in which all is well."""
    items = list(ImageCsv(**options).read(source))
    assert not [item for item in items if isinstance(item, Problem)]
    return [item for item in items if isinstance(item, Sample)]


def read_problems(source: str, **options: str) -> dict[str, str]:
    items = ImageCsv(**options).read(source)
    return {item.id: item.detail for item in items if isinstance(item, Problem)}


def test_paths_start_from_the_tables_folder(pets: Path) -> None:
    source = write(pets, "path,label\npics/0.png,cat\n./pics/1.png,dog\n")
    samples = read(source)
    assert [(sample.id, sample.label) for sample in samples] == [
        ("pics/0.png", "cat"),
        ("pics/1.png", "dog"),
    ]
    assert samples[0].image == pets / "pics/0.png"


@pytest.mark.parametrize("root", ["pics", "{pets}/pics", "../{name}/pics/"])
def test_or_from_the_folder_the_user_names(pets: Path, root: str) -> None:
    source = write(pets, "path,label\n0.png,cat\n")
    (sample,) = read(source, root=root.format(pets=pets, name=pets.name))
    assert (sample.id, sample.image) == ("0.png", pets / "pics/0.png")


@pytest.mark.parametrize(
    "header",
    [
        "path,label,split,group",
        "File Name,Class,Subset,Patient_ID",
        "IMAGE,target,set,subject",
        "filepath,category,Usage,scene-id",
    ],
)
def test_columns_are_found_by_their_usual_names(pets: Path, header: str) -> None:
    source = write(pets, f"{header}\npics/0.png,cat,Training,p1\npics/1.png,dog,VAL,\n")
    first, second = read(source)
    assert (first.label, first.split, first.group) == ("cat", "train", "p1")
    assert (second.label, second.split, second.group) == ("dog", "validation", None)


def test_columns_may_be_named(pets: Path) -> None:
    source = write(pets, "a,b,c,d,label\npics/0.png,cat,test,p1,wrong\n")
    options = {"path": "a", "label": "b", "split": "c", "group": "d"}
    (sample,) = read(source, **{f"{role}_column": name for role, name in options.items()})
    assert (sample.label, sample.split, sample.group) == ("cat", "test", "p1")


def test_a_column_may_be_left_unread(pets: Path) -> None:
    source = write(pets, "path,label,split\npics/0.png,cat,fold 3\n")
    assert read(source, split_column="")[0].split is None


def test_the_only_column_left_is_the_label(pets: Path) -> None:
    source = write(pets, "file,breed\npics/0.png,collie\n")
    assert read(source)[0].label == "collie"


@pytest.mark.parametrize(
    ("header", "row"), [("path", ""), ("path,label", ","), ("path,label,split", ",,")]
)
def test_pictures_without_labels(pets: Path, header: str, row: str) -> None:
    assert read(write(pets, f"{header}\npics/0.png{row}\n"))[0].label is None


@pytest.mark.parametrize(
    ("text", "split"),
    [
        ("train", "train"),
        ("valid", "validation"),
        ("Dev", "validation"),
        ("TEST", "test"),
        ("", None),
    ],
)
def test_splits_have_many_names(pets: Path, text: str, split: str | None) -> None:
    assert read(write(pets, f"path,label,split\npics/0.png,cat,{text}\n"))[0].split == split


@pytest.mark.parametrize(
    ("name", "separator"), [("p.tsv", "\t"), ("p.csv", ";"), ("p.csv", "\t"), ("p.csv", "|")]
)
def test_other_separators(pets: Path, name: str, separator: str) -> None:
    source = write(pets, separator.join(["path", "label\npics/0.png", "cat\n"]), name)
    assert read(source)[0].label == "cat"


def test_a_tsv_is_split_at_its_tabs(pets: Path) -> None:
    source = write(pets, "path\tlabel (cat, dog, or, fox)\npics/0.png\tcat\n", "pets.tsv")
    assert read(source)[0].label == "cat"


def test_as_spreadsheets_write_it(pets: Path) -> None:
    content = '\ufeffpath,label\r\n\r\n pics/0.png ,"fox, red"\r\npics/1.png,"two\nlines"\r\n'
    assert [sample.label for sample in read(write(pets, content))] == ["fox, red", "two\nlines"]


def test_packed_by_gzip(pets: Path) -> None:
    source = write(pets, gzip.compress(b"path,label\npics/0.png,cat\n"), "pets.csv.gz")
    assert read(source)[0].label == "cat"


def test_parquet(pets: Path) -> None:
    columns = {
        "image": ["pics/0.png", "pics/1.png"],
        "label": [1.0, 2.0],
        "split": pa.array(["train", None]).dictionary_encode(),
    }
    parquet.write_table(pa.table(columns), pets / "pets.parquet")
    samples = read(str(pets / "pets.parquet"))
    assert [(sample.label, sample.split) for sample in samples] == [("1", "train"), ("2", None)]


class TestProblems:
    """What is wrong with one row is told with its line, and the others are read."""

    def test_a_file_that_is_not_there(self, pets: Path) -> None:
        source = write(pets, "path,label\npics/0.png,cat\n\npics/9.png,dog\n")
        assert read_problems(source) == {
            "pets.csv:4": f"there is no file 'pics/9.png' in {pets}",
        }

    @pytest.mark.parametrize("path", ["../secret.png", "pics/../../secret.png", "/etc/passwd"])
    def test_a_path_that_leads_out(self, pets: Path, path: str) -> None:
        (pets.parent / "secret.png").write_bytes(b"")
        source = write(pets, f"path,label\npics/0.png,cat\n{path},dog\n")
        (detail,) = read_problems(source).values()
        assert "leads out of" in detail
        assert "--data-option root=DIR" in detail

    def test_a_folder_whose_name_begins_like_the_tables_is_outside(self, pets: Path) -> None:
        (pets / "pics2").mkdir()
        (pets / "pics2/0.png").write_bytes(b"")
        source = write(pets, "path,label\n0.png,cat\n../pics2/0.png,dog\n")
        assert "leads out of" in read_problems(source, root="pics")["pets.csv:3"]

    def test_what_is_no_file(self, pets: Path) -> None:
        os.mkfifo(pets / "pipe.png")
        source = write(pets, "path,label\npics/0.png,cat\npipe.png,cat\npics,cat\n,cat\na\0b,cat\n")
        problems = read_problems(source)
        assert list(problems) == [f"pets.csv:{line}" for line in (3, 4, 5, 6)]
        assert "no regular file" in problems["pets.csv:3"]
        assert problems["pets.csv:5"] == "no path"

    def test_a_picture_named_twice(self, pets: Path) -> None:
        source = write(pets, "path,label\npics/0.png,cat\npics/../pics/0.png,dog\n")
        assert read_problems(source) == {"pets.csv:3": "'pics/../pics/0.png' is in line 2 already"}

    @pytest.mark.parametrize("label", ["", " ", "nan", "NaN", "<NA>"])
    def test_a_label_that_is_missing(self, pets: Path, label: str) -> None:
        source = write(pets, f"path,label\npics/0.png,cat\npics/1.png,{label}\n")
        assert read_problems(source) == {"pets.csv:3": "'pics/1.png' has no label"}

    def test_names_that_would_write_to_the_terminal(self, pets: Path) -> None:
        source = write(pets, "path,label\npics/0.png,cat\n\x1b[2J\u202e.png,dog\n")
        (detail,) = read_problems(source).values()
        assert detail.startswith("there is no file '\\x1b[2J\\u202e.png'")


class TestRefused:
    """What is wrong with the table as a whole is a refusal that names the place."""

    @pytest.mark.parametrize(
        ("content", "message"),
        [
            ("", r"pets\.csv is empty"),
            ("\ufeff\n \n", r"pets\.csv is empty"),
            ("path,label\n", r"has a header, but no row"),
            ("a,b\n1,2\n", r"no column called path, .*its columns are a and b\.\n.*path_column"),
            ("path,a,b\nx,1,2\n", r"which column is the label; .*a and b\.\n.*label_column=NAME"),
            ("path,label,path\nx,1,y\n", r"two columns are called 'path' \(1 and 3\)"),
            (
                "Label,label,path\na,b,x\n",
                r"which column is the label: Label and label\.\n.*label_column=NAME",
            ),
            ("File Name,label,file_name\nx,1,y\n", r"is the path: File Name and file_name"),
            ("pics/0.png,cat\npics/1.png,dog\n", r"no header: .*'pics/0\.png'\.\n.*path,label"),
            ("cat;0.HEIC\ndog;1.HEIC\n", r"has no header: .*'0\.HEIC'\.\n.*path;label"),
            ("path,label\nx\n", r"line 2 has 1 columns, but the header has 2"),
            ("path,label\nx,1,2\n", r"line 2 has 3 columns, but the header has 2"),
            ('path,label\nx,1\n\n"y,2\n', r"line 4: the line cannot be split into cells"),
            ("path,label\rx,1\r", r"line 1: the line cannot be split into cells"),
            (b"path,label\nx,\xe9\n", r"line 2: byte 3, 0xe9, is no UTF-8 text"),
            ("path,label\n".encode("utf-16"), r"line 1: byte 1, 0xff, is no UTF-8 text"),
            ("path,label,split\nx,1,tr\n", r"line 2, column 'split': 'tr' is no split"),
            ("path,label\nx.png,1\ny.png,2\n", r"None of the pictures .*\n.*pets\.csv:2: there is"),
        ],
    )
    def test_it_says_where(self, pets: Path, content: str | bytes, message: str) -> None:
        with pytest.raises(DatasetError, match=message) as refused:
            read(write(pets, content))
        assert len(str(refused.value).splitlines()) <= 3

    def test_a_column_that_the_user_names_and_nobody_has(self, pets: Path) -> None:
        source = write(pets, "path,label\npics/0.png,cat\n")
        with pytest.raises(DatasetError, match=r"no column called 'kind'; .* path and label"):
            read(source, label_column="kind")

    def test_a_row_in_place_of_the_header_whatever_the_user_names(self, pets: Path) -> None:
        (pets / "pics/0").write_bytes((pets / "pics/0.png").read_bytes())
        for first in ("pics/0.png,cat", "pics/0,cat"):
            source = write(pets, f"{first}\npics/1.png,dog\npics/2.png,cat\n")
            with pytest.raises(DatasetError, match="its first line names a picture"):
                read(source, path_column=first.partition(",")[0])

    def test_columns_that_differ_in_case_only_can_be_told_by_name(self, pets: Path) -> None:
        source = write(pets, "Label,label,path\ncat,7,pics/0.png\n")
        assert read(source, label_column="Label")[0].label == "cat"

    def test_a_file_called_like_a_column_is_no_row(self, pets: Path) -> None:
        (pets / "label").touch()
        assert read(write(pets, "path,label\npics/0.png,cat\n"))[0].label == "cat"

    def test_a_root_that_is_not_there(self, pets: Path) -> None:
        source = write(pets, "path,label\npics/0.png,cat\n")
        with pytest.raises(DatasetError, match=r"no folder .*/pictures, .*\n.*the table's own"):
            read(source, root="pictures")

    def test_what_is_no_table(self, pets: Path) -> None:
        with pytest.raises(DatasetError, match=r"There is no file .*absent\.csv"):
            read(str(pets / "absent.csv"))
        with pytest.raises(DatasetError, match=r"is a folder, but a CSV, TSV or Parquet table"):
            read(str(pets))

    @pytest.mark.parametrize("content", [b"PAR1", b"PAR1 and nothing that fits PAR1"])
    def test_a_damaged_parquet(self, pets: Path, content: bytes) -> None:
        with pytest.raises(DatasetError, match=r"cannot be read as Parquet"):
            read(write(pets, content, "pets.parquet"))

    def test_parquet_with_the_pictures_in_it(self, pets: Path) -> None:
        parquet.write_table(pa.table({"image": [b"\x89PNG"], "label": [1]}), pets / "p.parquet")
        with pytest.raises(DatasetError, match=r"column 'image' holds binary, not texts"):
            read(str(pets / "p.parquet"))


class TestMatch:
    def test_the_reason_tells_the_columns(self, pets: Path) -> None:
        match = ImageCsv().match(write(pets, "File,Label,split\npics/0.png,cat,train\n"))
        assert match is not None
        assert match.score == 0.8
        assert match.reason == "a CSV table: paths in 'File', labels in 'Label', splits in 'split'"

    def test_parquet_is_told_from_its_schema(self, pets: Path) -> None:
        parquet.write_table(pa.table({"path": ["a"], "label": [1]}), pets / "p.parquet")
        match = ImageCsv().match(str(pets / "p.parquet"))
        assert match is not None
        assert match.reason == "a Parquet table: paths in 'path', labels in 'label'"

    def test_a_table_that_names_pictures_is_ours_so_that_reading_explains(self, pets: Path) -> None:
        source = write(pets, "photo of,breed,age\npics/0.png,collie,3\n")
        ours, pixels = ImageCsv().match(source), PixelCsv().match(source)
        assert ours is not None
        assert pixels is not None
        assert ours.score == 0.25 > pixels.score

    def test_a_table_of_pixels_is_not_ours(self, pets: Path) -> None:
        assert ImageCsv().match(write(pets, "label,a,b,c,d\n1,2,3,4,5\n")) is None
        header = ",".join(["label", *(f"pixel{number}" for number in range(1, 785))])
        source = write(pets, f"{header}\n{','.join(['1'] * 785)}\n", "fashion.csv")
        assert ImageCsv().match(source) is None
        assert FashionMnistCsv().match(source) is not None

    @pytest.mark.parametrize("content", [b"", b"\xff\xfe\0", b"PAR1", b"\x1f\x8b broken", b'"'])
    @pytest.mark.parametrize("name", ["p.csv", "p.tsv", "p.parquet", "p.csv.gz"])
    def test_it_never_fails(self, pets: Path, name: str, content: bytes) -> None:
        match = ImageCsv().match(write(pets, content, name))
        assert match is None or match.score < 0.2

    def test_what_is_no_table_is_not_ours(self, pets: Path) -> None:
        os.mkfifo(pets / "pipe.csv")
        for source in (pets, pets / "pipe.csv", pets / "absent.csv", "a\0b.csv", "x" * 5000):
            assert ImageCsv().match(str(source)) is None


def test_the_fingerprint_follows_table_options_and_pictures(pets: Path) -> None:
    source = write(pets, "path,label,split\npics/0.png,cat,train\npics/1.png,dog,test\n")
    before = ImageCsv().fingerprint(source)
    assert ImageCsv().fingerprint(source) == before
    assert ImageCsv(split_column="").fingerprint(source) != before
    Image.new("L", (9, 9), 3).save(pets / "pics/1.png")
    assert ImageCsv().fingerprint(source) != before


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(ImageCsv(), DatasetAdapter)
    assert isinstance(ImageCsv(), HasFingerprint)


class TestBombs:
    """A few kB that would become gigabytes are refused; large tables that are right are read."""

    @pytest.mark.parametrize("row", [b"a,b\n", b'"",\n', b"pics/0.png,cat\n"])
    def test_a_gzip_of_one_row_over_and_over(self, pets: Path, row: bytes) -> None:
        source = write(pets, gzip.compress(b"path,label\n" + row * 1_000_000), "bomb.csv.gz")
        with pytest.raises(DatasetError, match=r"unpacks to \d+ MiB and more, like a gzip bomb"):
            read(source)

    def test_a_parquet_of_one_row_over_and_over(self, pets: Path) -> None:
        one = pa.array(["pics/0.png"]).dictionary_encode()
        rows = pa.DictionaryArray.from_arrays(pa.array([0]).take([0] * 2_000_000), one.dictionary)
        parquet.write_table(pa.table({"path": rows, "label": rows}), pets / "bomb.parquet")
        with pytest.raises(DatasetError, match=r"bytes to 2,000,000 rows of .*, like a bomb"):
            read(str(pets / "bomb.parquet"))
        match = ImageCsv().match(str(pets / "bomb.parquet"))
        assert match is not None
        assert match.score < 0.2

    def test_a_parquet_that_says_it_becomes_huge(self, pets: Path) -> None:
        rows = pa.table({"path": ["x" * (1 << 18)] * 100, "label": ["cat"] * 100})
        options = {"compression": "zstd", "use_dictionary": False}
        parquet.write_table(rows, pets / "bomb.parquet", **options)
        with pytest.raises(DatasetError, match=r"100 rows of 2\d,\d+,\d+ bytes, like a bomb"):
            read(str(pets / "bomb.parquet"))

    @pytest.mark.parametrize("use_dictionary", [True, False])
    def test_a_text_too_long_for_a_path(self, pets: Path, use_dictionary: bool) -> None:
        paths = ["pics/0.png"] * 2_000 + ["x" * (1 << 20)]
        table = pa.table({"path": paths, "label": ["cat"] * 2_001})
        parquet.write_table(table, pets / "p.parquet", use_dictionary=use_dictionary)
        with pytest.raises(DatasetError, match=r"row 2001, column 'path' holds a text of more"):
            list(ImageCsv().read(str(pets / "p.parquet")))

    def test_rows_without_a_picture_come_to_an_end(
        self, pets: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(image_csv, "PROBLEM_ROWS", 100)
        rows = "".join(f"{number}.png,cat\n" for number in range(200))
        source = write(pets, f"path,label\npics/0.png,cat\n{rows}")
        with pytest.raises(DatasetError, match=r"More than 100 rows of .*\n.*pets\.csv:3: there"):
            list(ImageCsv().read(source))

    def test_the_first_picture_is_told_before_the_last_row_is_read(self, pets: Path) -> None:
        rows = "".join(f"{number}.png,cat\n" for number in range(1_000))
        source = write(pets, f"path,label\npics/0.png,cat\n{rows}one,cell,too many\n")
        items = ImageCsv().read(source)
        first = next(items)
        assert isinstance(first, Sample)
        assert first.id == "pics/0.png"
        with pytest.raises(DatasetError, match=r"line 1003 has 3 columns"):
            list(items)

    def test_a_packed_table_of_many_paths_is_read(self, pets: Path) -> None:
        rows = "".join(
            f"train/n0{i % 1_000:07}/image_{i:07}.jpeg,{i % 9}\n" for i in range(200_000)
        )
        source = write(pets, gzip.compress(f"path,label\n{rows}".encode()), "large.csv.gz")
        assert sum(1 for _ in open_table(pets / source).read([0, 1])) == 200_000

    @pytest.mark.parametrize("use_dictionary", [True, False])
    def test_a_parquet_of_a_million_paths_and_more_is_read(
        self, pets: Path, use_dictionary: bool
    ) -> None:
        numbers = pa.array(range(1_100_000)).cast(pa.string())
        paths = compute.binary_join_element_wise("train/class/image_", numbers, ".jpeg", "")
        # As small as it gets: each path is held as what differs from the one before.
        small = {"use_dictionary": False, "column_encoding": {"path": "DELTA_BYTE_ARRAY"}}
        options = {} if use_dictionary else small
        table = pa.table({"path": paths})
        parquet.write_table(table, pets / "large.parquet", compression="zstd", **options)
        rows = open_table(pets / "large.parquet").read([0])
        assert next(rows) == (1, ["train/class/image_0.jpeg"])
