"""What a quarantine would move, what it leaves alone, and that nothing is lost when it ends midway."""

from __future__ import annotations

import os

import pytest

from imgcls_automl.data.quarantine import check_folder, plan_quarantine, plan_undo
from imgcls_automl.data.quarantine_manifest import read_manifest
from imgcls_automl.data.quarantine_moves import carry_back, carry_out
from imgcls_automl.data.unreadable_files import UnreadableFile, find_unreadable
from imgcls_automl.errors import ConfigError, DatasetError


@pytest.fixture
def pets(tmp_path):
    """A folder of files that are no pictures."""
    for name in ("cat/1.png", "cat/2.png", "dog/1.png"):
        path = tmp_path / "pets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return tmp_path / "pets"


@pytest.fixture
def plan(pets, tmp_path):
    """Plan to move files of `pets`, all unless some are given, to `tmp_path / "aside"`."""

    def plan(*paths, source=pets):
        chosen = paths or sorted(pets.rglob("*.png"))
        files = [UnreadableFile(path=path, reason="no picture") for path in chosen]
        return plan_quarantine(str(source), files, tmp_path / "aside")

    return plan


def listing(folder):
    return sorted(str(it.relative_to(folder)) for it in folder.rglob("*.png"))


class TestPlan:
    def test_relative_paths_are_kept(self, plan, pets, tmp_path):
        planned = plan()
        assert [move.target.relative_to(tmp_path / "aside") for move in planned.moves] == [
            move.source.relative_to(pets) for move in planned.moves
        ]
        assert len(planned.moves) == 3
        assert not (tmp_path / "aside").exists()

    def test_a_table_stands_for_its_folder(self, plan, pets, tmp_path):
        (tmp_path / "pets.csv").write_text("path,label\n")
        targets = {move.target for move in plan(source=tmp_path / "pets.csv").moves}
        assert tmp_path / "aside/pets/cat/1.png" in targets

    def test_a_file_outside_of_the_data_stays(self, plan, pets, tmp_path):
        (tmp_path / "elsewhere").mkdir()
        (tmp_path / "elsewhere/1.png").write_text("not mine")
        (pets / "linked").symlink_to(tmp_path / "elsewhere")
        planned = plan(pets / "linked/1.png", tmp_path / "elsewhere/1.png", pets / "../x.png")
        assert planned.moves == ()
        assert all("outside" in stay.reason for stay in planned.stays)

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may open everything")
    def test_a_file_that_may_not_be_opened_stays(self, plan, pets):
        (pets / "cat/1.png").chmod(0)
        (stay,) = plan(pets / "cat/1.png").stays
        assert "it may be a good picture" in stay.reason

    def test_what_is_no_file_stays(self, plan, pets):
        os.mkfifo(pets / "cat/pipe.png")
        (stay,) = plan(pets / "cat/pipe.png").stays
        assert stay.reason == "it is no regular file"

    def test_another_file_of_the_name_is_refused_before_anything_moves(self, plan, pets, tmp_path):
        (tmp_path / "aside/cat").mkdir(parents=True)
        (tmp_path / "aside/cat/2.png").write_text("of last year")
        with pytest.raises(ConfigError, match=r"aside/cat/2\.png already"):
            plan()
        assert listing(pets) == ["cat/1.png", "cat/2.png", "dog/1.png"]

    @pytest.mark.parametrize("place", ["pets", "pets/bad", "full"])
    def test_a_folder_that_would_mix_things_up_is_refused(self, pets, tmp_path, place):
        (tmp_path / "full").mkdir()
        (tmp_path / "full/thesis.txt").write_text("years of work")
        with pytest.raises(ConfigError, match="--to DIR"):
            check_folder(str(pets), tmp_path / place)

    def test_a_quarantine_may_take_more(self, plan, pets, tmp_path):
        carry_out(plan(pets / "cat/1.png"))
        check_folder(str(pets), tmp_path / "aside")
        carry_out(plan(pets / "cat/2.png"))
        assert len(read_manifest(tmp_path / "aside")) == 2


class TestMoves:
    def test_there_and_back_again(self, plan, pets, tmp_path):
        carry_out(plan())
        assert listing(pets) == []
        assert listing(tmp_path / "aside") == ["cat/1.png", "cat/2.png", "dog/1.png"]
        carry_back(plan_undo(tmp_path / "aside"))
        assert listing(pets) == ["cat/1.png", "cat/2.png", "dog/1.png"]
        assert (pets / "cat/2.png").read_text() == "cat/2.png"
        assert plan_undo(tmp_path / "aside").moves == ()

    def test_what_ends_midway_can_be_gone_on_with_and_undone(self, plan, pets, tmp_path):
        (tmp_path / "aside").mkdir()
        (tmp_path / "aside/dog").write_text("a file where a folder has to be")
        with pytest.raises(DatasetError, match=r"2 of 3 files were moved"):
            carry_out(plan())
        assert listing(pets) == ["dog/1.png"]
        (tmp_path / "aside/dog").unlink()
        carry_out(plan())
        assert listing(pets) == []
        carry_back(plan_undo(tmp_path / "aside"))
        assert len(listing(pets)) == 3

    def test_a_move_that_was_killed_between_its_two_names_is_ended(self, plan, pets, tmp_path):
        planned = plan(pets / "cat/1.png")
        (tmp_path / "aside/cat").mkdir(parents=True)
        os.link(pets / "cat/1.png", tmp_path / "aside/cat/1.png")
        carry_out(planned)
        assert listing(pets) == ["cat/2.png", "dog/1.png"]
        assert (tmp_path / "aside/cat/1.png").read_text() == "cat/1.png"

    def test_undo_overwrites_nothing(self, plan, pets, tmp_path):
        carry_out(plan())
        (pets / "dog/1.png").write_text("a better picture")
        with pytest.raises(DatasetError, match=r"1 of 3 files would overwrite.*dog/1\.png"):
            plan_undo(tmp_path / "aside")
        assert listing(pets) == ["dog/1.png"]

    def test_a_link_in_the_quarantine_leads_nothing_out_of_it(self, plan, pets, tmp_path):
        (tmp_path / "aside").mkdir()
        (tmp_path / "away").mkdir()
        (tmp_path / "aside/cat").symlink_to(tmp_path / "away")
        with pytest.raises(DatasetError, match="leads out of"):
            carry_out(plan(pets / "cat/1.png"))
        assert listing(tmp_path / "away") == []
        assert "cat/1.png" in listing(pets)


class TestLooking:
    def test_files_are_found_however_many_there_are(self, make_request, draw_folder):
        source = draw_folder(cat=4, dog=4)
        for number in range(40):
            (source / f"cat/bad{number:02}.png").write_bytes(b"")
        unreadable = find_unreadable(make_request(source))
        assert [it.path for it in unreadable.files] == sorted(source.glob("cat/bad*"))
        assert {it.reason for it in unreadable.files} == {"the file is empty"}

    def test_where_not_one_picture_can_be_read(self, make_request, pets):
        assert len(find_unreadable(make_request(pets)).files) == 3

    def test_pictures_that_are_no_files_and_reported_problems_are_counted(
        self, make_request, draw_folder
    ):
        source = draw_folder(cat=4, dog=4)
        (source / "cat/bad.png").write_bytes(b"nothing")
        unreadable = find_unreadable(make_request(source, "Encoded"))
        assert (unreadable.files, unreadable.others) == ((), 1)
        assert find_unreadable(make_request(source, "ReportsProblems")).others == 1
