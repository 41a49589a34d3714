"""Pictures in class folders: what is found, in which order, and what is reported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from imgcls_plugins.folder import Folder
from PIL import Image

from imgcls_automl.plugin import DatasetAdapter, DatasetError, HasFingerprint, Problem, Sample


def draw(path: Path, colour: str = "red") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8), colour).save(path)
    return path


def encode(path: Path, kind: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.new("RGB", (8, 8), "red")
    image.save(path, kind, **({"append_images": [image]} if kind == "MPO" else {}))


def read(root: Path) -> tuple[list[Sample], list[Problem]]:
    items = list(Folder().read(str(root)))
    samples = [item for item in items if isinstance(item, Sample)]
    return samples, [item for item in items if isinstance(item, Problem)]


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    root = tmp_path / "pets"
    for name in ("cats/1.jpg", "cats/2.jpg", "dogs/1.png"):
        draw(root / name)
    return root


def test_a_class_is_the_name_of_its_folder(pets: Path) -> None:
    samples, problems = read(pets)
    assert [(sample.id, sample.label) for sample in samples] == [
        ("cats/1.jpg", "cats"),
        ("cats/2.jpg", "cats"),
        ("dogs/1.png", "dogs"),
    ]
    assert [sample.image for sample in samples] == [pets / sample.id for sample in samples]
    assert {sample.split for sample in samples} == {None}
    assert problems == []


@pytest.mark.parametrize(
    "name", ["a.JPG", "a.jpeg", "a.Png", "a.bmp", "a.gif", "a.webp", "a.tif", "a.TIFF"]
)
def test_pictures_are_known_by_their_suffix_in_any_case(pets: Path, name: str) -> None:
    draw(pets / "birds" / name)
    assert f"birds/{name}" in [sample.id for sample in read(pets)[0]]


def test_pictures_count_at_any_depth(pets: Path) -> None:
    draw(pets / "cats/2024/may/3.jpg")
    deep = [sample for sample in read(pets)[0] if sample.id == "cats/2024/may/3.jpg"]
    assert [sample.label for sample in deep] == ["cats"]


def test_a_path_too_long_for_the_system_is_a_problem(pets: Path) -> None:
    place = os.open(pets / "cats", os.O_RDONLY)
    for _ in range(20):
        os.mkdir("d" * 250, dir_fd=place)
        below = os.open("d" * 250, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = below
    os.close(place)
    samples, problems = read(pets)
    assert len(samples) == 3
    assert [problem.detail for problem in problems] == [
        "the folder cannot be read: File name too long"
    ]


def test_what_systems_leave_behind_is_passed_over(pets: Path) -> None:
    for junk in (".DS_Store", "cats/.DS_Store", "cats/Thumbs.db", "README.txt"):
        (pets / junk).write_bytes(b"junk")
    for junk in ("cats/._1.jpg", "__MACOSX/cats/1.jpg", ".ipynb_checkpoints/1.png"):
        draw(pets / junk)
    (pets / "cats/1.jpg").rename(pets / "cats/.hidden")
    draw(pets / "cats/1.jpg")
    samples, problems = read(pets)
    assert len(samples) == 3
    assert problems == []


def test_links_to_folders_are_followed_but_never_round(pets: Path, tmp_path: Path) -> None:
    draw(tmp_path / "elsewhere/9.jpg")
    (pets / "cats/more").symlink_to(tmp_path / "elsewhere")
    (pets / "cats/self").symlink_to(pets / "cats")
    (pets / "dogs/everything").symlink_to(pets)
    (pets / "dogs/above").symlink_to("/")
    samples, problems = read(pets)
    assert [sample.id for sample in samples] == [
        "cats/1.jpg",
        "cats/2.jpg",
        "cats/more/9.jpg",
        "dogs/1.png",
    ]
    assert problems == []


def test_what_is_no_file_is_a_problem_and_never_opened(pets: Path) -> None:
    os.mkfifo(pets / "cats/pipe.jpg")
    (pets / "cats/gone.jpg").symlink_to("nowhere.jpg")
    (pets / "cats/round.jpg").symlink_to("round.jpg")
    samples, problems = read(pets)
    assert len(samples) == 3
    assert [problem.id for problem in problems] == [
        "cats/gone.jpg",
        "cats/pipe.jpg",
        "cats/round.jpg",
    ]
    assert "no regular file" in problems[0].detail


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_a_folder_that_may_not_be_read_is_a_problem(pets: Path) -> None:
    secret = pets / "cats/secret"
    secret.mkdir(mode=0)
    problems = read(pets)[1]
    secret.chmod(0o700)
    assert problems == [
        Problem(id="cats/secret/", detail="the folder cannot be read: Permission denied")
    ]


def test_odd_names_become_valid_text(pets: Path) -> None:
    folder = os.fsencode(pets / "cats")
    for name in (b"caf\xff.jpg", b"two\nlines.jpg"):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(b"")  # noqa: PTH118 - bytes
    samples = [sample for sample in read(pets)[0] if sample.label == "cats"]
    assert [sample.id for sample in samples] == [
        "cats/1.jpg",
        "cats/2.jpg",
        "cats/caf\\xff.jpg",
        "cats/two\nlines.jpg",
    ]
    assert all(Path(str(sample.image)).exists() for sample in samples)
    assert "".join(sample.id for sample in samples).encode("utf-8")


def test_no_two_names_become_one(tmp_path: Path) -> None:
    names = (b"\xff", rb"\xff", rb"\\xff", b"\\\xff", rb"\x41", rb"a\b", "\u00ff".encode())
    for name in names:
        folder = Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name)))  # noqa: PTH118 - bytes
        folder.mkdir()
        for file in names:
            Path(os.fsdecode(os.path.join(os.fsencode(folder), file + b".png"))).touch()  # noqa: PTH118
    samples, _ = read(tmp_path)
    assert len({sample.id for sample in samples}) == len(names) ** 2
    assert {sample.label for sample in samples} == {
        *(r"\xff", r"\\xff", r"\\\\xff", r"\\\xff", r"\x41", r"a\b", "\u00ff"),
    }


def test_an_empty_class_folder_is_reported(pets: Path) -> None:
    (pets / "birds").mkdir()
    (pets / "birds/1.mp4").write_bytes(b"x")
    assert read(pets)[1] == [
        Problem(id="birds/", detail="the class folder holds no picture (but 1 .mp4)"),
        Problem(id="birds/1.mp4", detail="not known as a picture, and left out", lost=False),
    ]


def test_a_picture_of_another_format_is_reported_and_not_passed_over(pets: Path) -> None:
    (pets / "cats/phone.HEIC").write_bytes(b"x")
    samples, problems = read(pets)
    assert len(samples) == 3
    assert problems == [
        Problem(
            id="cats/phone.HEIC",
            detail=".HEIC is a format that is not read; save it as PNG or JPEG",
        )
    ]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "MPO"])
@pytest.mark.parametrize("name", ["noext", "x.jpgg", "y.txt", "z.heic", "a.b.", "\x1b[31m.<b>"])
def test_a_picture_of_any_name_is_known_by_its_first_bytes(
    pets: Path, kind: str, name: str
) -> None:
    encode(pets / "cats" / name, kind)
    samples, problems = read(pets)
    found = [sample for sample in samples if sample.id == f"cats/{name}"]
    assert [(sample.label, sample.image) for sample in found] == [("cats", pets / "cats" / name)]
    assert problems == []


def test_pictures_without_a_suffix_are_found_where_there_are_no_others(tmp_path: Path) -> None:
    for name in ("train/cats/1", "train/dogs/1", "test/cats/1"):
        encode(tmp_path / name, "JPEG")
    match = Folder().match(str(tmp_path))
    assert match is not None
    assert (
        match.reason
        == "a folder split into train and test, with 2 class folders holding JPEG files"
    )
    assert [sample.split for sample in read(tmp_path)[0]] == ["train", "train", "test"]


def test_a_camera_raw_is_no_tiff_file(pets: Path) -> None:
    encode(pets / "cats/1.NEF", "TIFF")
    samples, problems = read(pets)
    assert len(samples) == 3
    assert [problem.lost for problem in problems] == [False]


def test_files_that_are_no_pictures_are_told_of_once_and_lose_none(pets: Path) -> None:
    (pets / "cats/deep").mkdir()
    for name in ("cats/notes.txt", "cats/deep/more.TXT", "dogs/labels.csv", "dogs/LICENSE"):
        (pets / name).write_text("BMI,weight of the cats\n")
    (pets / "dogs/nothing").touch()
    os.mkfifo(pets / "dogs/pipe")
    (pets / "dogs/gone").symlink_to("nowhere")
    samples, problems = read(pets)
    assert len(samples) == 3
    detail = "left out with 6 more files: 4 without a suffix, 2 .txt and 1 .csv in all"
    assert problems == [
        Problem(id="cats/notes.txt", detail=f"not known as a picture, and {detail}", lost=False)
    ]


def test_names_of_files_that_are_no_pictures_are_told_as_harmless_text(pets: Path) -> None:
    for name in (b"a.\xff\x1b[31m", b"b.\n" + b"x" * 200, b"c.<b>"):
        Path(os.fsdecode(os.path.join(os.fsencode(pets / "cats"), name))).write_text("x")  # noqa: PTH118
    (problem,) = read(pets)[1]
    assert problem.detail.isprintable()
    assert len(problem.detail) < 200
    problem.id.encode("utf-8")


def test_pictures_beside_the_class_folders_are_reported(pets: Path) -> None:
    draw(pets / "overview.png")
    encode(pets / "contact sheet", "PNG")
    problems = read(pets)[1]
    assert [problem.id for problem in problems] == ["contact sheet", "overview.png"]
    assert "beside the class folders" in problems[0].detail


def test_matches_a_folder_of_class_folders(pets: Path) -> None:
    match = Folder().match(str(pets))
    assert match is not None
    assert match.score == 0.6
    assert match.reason == "a folder of 2 class folders holding JPEG and PNG files"


def test_matches_any_folder_weakly_so_that_reading_says_what_is_missing(tmp_path: Path) -> None:
    match = Folder().match(str(tmp_path))
    assert match is not None
    assert match.score < 0.1


def test_files_and_missing_paths_are_not_matched(pets: Path) -> None:
    assert Folder().match(str(pets / "cats/1.jpg")) is None
    assert Folder().match(str(pets / "absent")) is None


def test_matching_looks_at_few_entries(tmp_path: Path) -> None:
    for number in range(1_200):
        folder = tmp_path / f"class{number}"
        folder.mkdir()
        (folder / "1.png").touch()
    match = Folder().match(str(tmp_path))
    assert match is not None
    assert match.reason == "a folder of at least 1,000 class folders holding PNG files"


def test_a_missing_folder_and_a_file_are_refused(pets: Path) -> None:
    with pytest.raises(DatasetError, match=r"There is no folder .*absent"):
        read(pets / "absent")
    with pytest.raises(DatasetError, match=r"1\.jpg is a file, not a folder"):
        read(pets / "cats/1.jpg")


def test_no_picture_anywhere_is_an_error_that_says_what_was_found(tmp_path: Path) -> None:
    for name in ("cats/1.heic", "dogs/1.heic"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_bytes(b"x")
    with pytest.raises(DatasetError, match=r"(?s)no picture.*\.heic.*Pictures are JPEG, PNG"):
        read(tmp_path)


def test_the_fingerprint_follows_every_change(pets: Path) -> None:
    def fingerprint() -> str:
        return Folder().fingerprint(str(pets))

    seen = [fingerprint()]
    assert fingerprint() == seen[0]
    draw(pets / "cats/1.jpg", "blue")
    seen.append(fingerprint())
    draw(pets / "cats/3.jpg")
    seen.append(fingerprint())
    (pets / "cats/3.jpg").rename(pets / "dogs/3.jpg")
    seen.append(fingerprint())
    (pets / "dogs/3.jpg").unlink()
    seen.append(fingerprint())
    assert len(set(seen[:4])) == 4
    assert seen[4] == seen[1]


def test_the_fingerprint_follows_files_of_any_name(pets: Path) -> None:
    seen = [Folder().fingerprint(str(pets))]
    place = pets / "cats/noext"
    for content in (b"notes", b"\xff\xd8\xff one", b"\xff\xd8\xff another"):
        place.write_bytes(content)
        seen.append(Folder().fingerprint(str(pets)))
    place.rename(pets / "cats/other")
    seen.append(Folder().fingerprint(str(pets)))
    assert len(set(seen)) == 5


def test_is_an_adapter_with_a_fingerprint() -> None:
    assert isinstance(Folder(), DatasetAdapter)
    assert isinstance(Folder(), HasFingerprint)
