"""What a data set must hold before anything is trained on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imgcls_automl.data.checks import (
    check_classes,
    check_splits,
    check_unreadable,
    check_unreadable_so_far,
)
from imgcls_automl.data.decoded import Issue
from imgcls_automl.errors import DatasetError


def issues(count):
    return [Issue(id=f"bad{n}.png", problem="unreadable", detail="empty") for n in range(count)]


@pytest.fixture
def request_pets(make_request):
    """Ask for pictures of pets, of which so many may be unreadable."""
    return lambda max_bad=None: make_request("my pets", name=None, max_bad=max_bad)


class TestUnreadable:
    @pytest.mark.parametrize(("good", "bad"), [(20, 10), (1980, 20)])
    def test_ten_pictures_or_one_percent_are_tolerated(
        self, make_contents, request_pets, good, bad
    ):
        check_unreadable(make_contents(["a"] * good, issues=issues(bad)), request_pets())

    @pytest.mark.parametrize(("good", "bad"), [(20, 11), (1979, 21)])
    def test_more_are_refused_by_name(self, make_contents, request_pets, good, bad):
        contents = make_contents(["a"] * good, issues=issues(bad))
        with pytest.raises(
            DatasetError, match=rf"(?s)bad0.png.*bad4.png.*and {bad - 5} more"
        ) as caught:
            check_unreadable(contents, request_pets())
        assert f"--max-bad {bad}" in str(caught.value)
        assert "imgcls-automl data inspect 'my pets'" in str(caught.value)
        assert len(str(caught.value).splitlines()) == 3

    @pytest.mark.parametrize(("bad", "allowed"), [(3, 3), (11, 20)])
    def test_max_bad_moves_the_limit(self, make_contents, request_pets, bad, allowed):
        check_unreadable(make_contents(["a"], issues=issues(bad)), request_pets(allowed))

    def test_max_bad_of_none_at_all(self, make_contents, request_pets):
        with pytest.raises(DatasetError, match="at most 0"):
            check_unreadable(make_contents(["a"] * 500, issues=issues(1)), request_pets(0))


class TestCommandsThatTellMore:
    def test_they_read_the_pictures_in_the_same_way(self, make_request):
        request = make_request(
            ["my pets", "dogs"], name=None, test_data="others", options={"white": "16"},
            max_pixels=1000, image_size=(12, 10), resize="pad",
        )  # fmt: skip
        assert request.inspect_command == (
            "imgcls-automl data inspect 'my pets' dogs --test-data others"
            " --image-size 12x10 --resize pad --data-option white=16 --max-pixels 1000"
        )
        assert request.quarantine_commands == [
            f"imgcls-automl data quarantine {source} --to DIR --data-option white=16 --max-pixels 1000"
            for source in ("'my pets'", "dogs", "others")
        ]

    def test_they_are_short_where_nothing_was_said(self, request_pets):
        request = request_pets()
        assert request.inspect_command == "imgcls-automl data inspect 'my pets'"
        assert request.quarantine_commands == ["imgcls-automl data quarantine 'my pets' --to DIR"]

    def test_the_errors_name_them(self, make_contents, make_request):
        request = make_request("pets", name=None, max_pixels=1000)
        command = "imgcls-automl data inspect pets --max-pixels 1000"
        with pytest.raises(DatasetError, match=command):
            check_unreadable(make_contents(["a"], issues=issues(11)), request)
        with pytest.raises(DatasetError, match=command):
            check_unreadable_so_far(issues(11), 20, request)
        lost = replace(make_contents(["cat", "dog"] * 4), class_names=("cat", "dog", "eel"))
        with pytest.raises(DatasetError, match=command):
            check_classes(lost, request)


class TestClasses:
    def test_one_class_is_no_task(self, make_contents, request_pets):
        with pytest.raises(DatasetError, match="one class, 'cat'"):
            check_classes(make_contents(["cat"] * 9), request_pets())

    def test_a_class_of_one_picture_is_named(self, make_contents, request_pets):
        with pytest.raises(DatasetError, match=r"'dog' has a single readable picture, '00009'"):
            check_classes(make_contents(["cat"] * 9 + ["dog"]), request_pets())

    def test_a_class_of_which_nothing_can_be_read_is_named(self, make_contents, request_pets):
        contents = make_contents(["cat", "dog"] * 4)
        lost = replace(contents, class_names=("cat", "dog", "eel"))
        with pytest.raises(DatasetError, match=r"'eel' can be read\.\n.*data inspect 'my pets'"):
            check_classes(lost, request_pets())

    def test_two_pictures_a_class_will_do(self, make_contents, request_pets):
        check_classes(make_contents(["cat", "dog"] * 2), request_pets())


class TestSplits:
    def test_a_class_that_is_never_trained_is_named(self, make_contents):
        contents = make_contents(["cat"] * 6 + ["dgo"] * 2)
        with pytest.raises(DatasetError, match="'dgo' has no picture in the training split"):
            check_splits(contents, np.array([0, 0, 1, 1, 2, 2, 2, 2], dtype=np.uint8))

    def test_an_empty_split_is_named(self, make_contents):
        with pytest.raises(DatasetError, match="none is left for the test split"):
            check_splits(make_contents(["cat", "dog"] * 2), np.array([0, 0, 1, 1], dtype=np.uint8))
