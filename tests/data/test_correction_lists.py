"""The files of --exclude and --relabel: what they may look like, and what is said of those that will not do."""

from __future__ import annotations

import pytest

from imgcls_automl.data.correction_lists import read_exclusions, read_relabels
from imgcls_automl.errors import ConfigError, DatasetError


@pytest.fixture
def write(tmp_path):
    """Write a list; returns its path as a user would name it."""

    def write(content):
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


def ids(its):
    return [entry.id for entry in its.entries]


class TestExclude:
    @pytest.mark.parametrize(
        "content",
        [
            "a/1.png\nb,2.png\n",
            "a/1.png\r\n\r\nb,2.png",
            'id,problem,detail\na/1.png,copy,"two\nlines"\n"b,2.png",blurred,\n',
            "\ufeffproblem;ID\ncopy;a/1.png\n\nblurred;b,2.png\n",
            "label\t id \ncat\ta/1.png\r\ndog\tb,2.png\r\n",
        ],
        ids=["one a line", "blank lines", "issues.csv", "a spreadsheet's", "tabs"],
    )
    def test_a_table_with_a_column_id_or_one_id_a_line(self, write, content):
        assert ids(read_exclusions(write(content))) == ["a/1.png", "b,2.png"]

    @pytest.mark.parametrize("content", ["", "id,problem\n", "\n\n"])
    def test_a_list_of_nothing_excludes_nothing(self, write, content):
        assert ids(read_exclusions(write(content))) == []

    def test_every_line_knows_its_number(self, write):
        its = read_exclusions(write('id,detail\na,"two\nlines"\nb,\n'))
        assert its.locate(its.entries[1]).endswith("list.csv, line 4")


class TestRelabel:
    @pytest.mark.parametrize(
        ("header", "column"),
        [
            ("id,label", "label"),
            ("id,split,label,suggested,probability", "suggested"),
            ("suggested,label,new_label,id", "new_label"),
        ],
    )
    def test_new_label_wins_over_suggested_and_that_over_label(self, write, header, column):
        names = header.split(",")
        its = read_relabels(write(f"{header}\n{','.join(f'the {name}' for name in names)}\n"))
        assert [(it.id, it.label) for it in its.entries] == [("the id", f"the {column}")]

    def test_an_empty_cell_is_no_label(self, write):
        its = read_relabels(write("id,new_label,suggested\na,,cat\nb\n"))
        assert [it.label for it in its.entries] == ["", ""]


class TestRefusals:
    @pytest.mark.parametrize(
        ("read", "content", "words"),
        [
            (read_relabels, "id,problem\na,copy\n", r"id and one of new_label, suggested, label"),
            (read_relabels, "a\nb\n", r"needs a first line with the columns id"),
            (read_relabels, "id,label\n,cat\n", r"list.csv, line 2: the column id is empty"),
            (read_exclusions, 'id\n"a\n', r"list.csv, line 2: unexpected end of data"),
            (read_exclusions, b"PK\x03\x04\xff\xfe", r"is no UTF-8 text: .* at byte 4"),
        ],
    )
    def test_what_is_no_list(self, write, read, content, words):
        with pytest.raises(DatasetError, match=words) as caught:
            read(write(content))
        assert len(str(caught.value).splitlines()) <= 3

    def test_a_file_that_is_not_there_is_a_matter_of_usage(self):
        with pytest.raises(
            ConfigError, match=r"--exclude: nowhere\.csv cannot be read: No such file"
        ):
            read_exclusions("nowhere.csv")
