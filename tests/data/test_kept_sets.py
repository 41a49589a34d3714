"""What the cache does over several real processes: kills, hangs, sharing, and a limit."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from filelock import FileLock
from PIL import Image

from imgcls_automl.data.cached_sets import discard, list_sets
from imgcls_automl.data.prepare import opened_dataset, prepare_dataset
from imgcls_automl.errors import DatasetError

PREPARE = """
import sys
from pathlib import Path
from imgcls_automl.data.dataset import DatasetRequest
from imgcls_automl.data.prepare import prepare_dataset
data, adapter, cache = sys.argv[1:]
request = DatasetRequest(
    data=(data,), test_data=None, adapter=adapter, options={}, image_size=None,
    resize="stretch", seed=0, max_bad=None, cache=Path(cache),
)
print(prepare_dataset(request, folder=None, log=None).cached)
"""


def prepare(request, **options):
    return prepare_dataset(request, folder=None, log=None, **options)


def begin(request):
    """Prepare a set in a process of its own."""
    arguments = (request.data[0], request.adapter, str(request.cache))
    return subprocess.Popen(
        [sys.executable, "-c", PREPARE, *arguments], stdout=subprocess.PIPE, text=True
    )


def wait_until(condition, seconds=60):
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def large(tmp_path):
    """A folder of a few large pictures, which `Plenty` reads many times."""
    for label in ("cat", "dog"):
        (tmp_path / "large" / label).mkdir(parents=True)
        for number in range(4):
            picture = Image.effect_noise((1000, 1000), 50)
            picture.save(tmp_path / "large" / label / f"{number}.png")
    return tmp_path / "large"


class TestKill:
    def test_half_a_set_is_never_read_and_is_gone_the_next_time(
        self, make_request, draw_folder, large, tmp_path
    ):
        request = make_request(large, "Plenty")
        building = lambda: list((tmp_path / "cache").glob("*.building-*/images.npy"))  # noqa: E731
        process = begin(request)
        wait_until(building)
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert list_sets(tmp_path / "cache") == []
        assert not prepare(make_request(draw_folder(dog=5, cat=5))).cached
        wait_until(lambda: not building())  # the killed one's child ends a moment after it

    def test_a_process_that_waits_goes_on_in_its_place(self, make_request, large, tmp_path):
        request = make_request(large, "Plenty")
        first = begin(request)
        wait_until(lambda: list((tmp_path / "cache").glob("*.building-*")))
        second = begin(request)
        first.send_signal(signal.SIGKILL)
        first.communicate()
        assert second.communicate() == ("False\n", None)
        assert second.returncode == 0
        assert len(list_sets(tmp_path / "cache")) == 1


class TestSharing:
    def test_two_processes_at_once_decode_once(self, make_request, large, tmp_path):
        both = [begin(make_request(large, "Plenty")) for _ in range(2)]
        assert sorted(process.communicate()[0] for process in both) == ["False\n", "True\n"]
        assert len(list_sets(tmp_path / "cache")) == 1

    def test_waiting_for_another_process_is_told_and_is_no_hang(
        self, make_request, draw_folder, tmp_path
    ):
        request, seen = make_request(draw_folder(dog=5, cat=5), read_timeout=10.0), []
        folder = prepare(request).images.parent
        discard(folder)
        lock = FileLock(tmp_path / f"cache/{folder.name}.lock", thread_local=False)
        lock.acquire()

        def observe(step):
            seen.append(step.stage)
            if seen.count("waiting") == 2:
                lock.release()

        assert not prepare(request, on_progress=observe).cached
        assert seen[:2] == ["waiting", "waiting"]


class TestLimit:
    def test_a_new_set_takes_the_place_of_the_oldest_that_is_not_in_use(
        self, make_request, draw_folder, tmp_path
    ):
        sources = [draw_folder(name, dog=n, cat=9) for n, name in enumerate("abc", start=7)]
        with opened_dataset(make_request(sources[0]), folder=None, log=None) as held:
            prepare(make_request(sources[1], cache_limit=30_000))
            latest = prepare(make_request(sources[2], cache_limit=30_000))
            left = {one.folder for one in list_sets(tmp_path / "cache")}
            assert left == {held.images.parent, latest.images.parent}
        assert not any(one.in_use for one in list_sets(tmp_path / "cache"))


class TestASourceThatHangs:
    def test_it_is_given_up_with_the_adapter_s_name(self, make_request, draw_folder):
        request = make_request(draw_folder(dog=4, cat=4), "Stalls", read_timeout=3.0)
        started = time.monotonic()
        with pytest.raises(DatasetError) as caught:
            prepare(request)
        assert time.monotonic() - started < 60
        told = str(caught.value)
        assert "Stalls" in told
        assert "has given nothing more" in told
        assert "for 3 s" in told
        assert "--read-timeout" in told
        assert len(told.splitlines()) <= 3


def test_a_source_that_changes_meanwhile_is_refused_and_not_kept(
    make_request, draw_folder, tmp_path
):
    with pytest.raises(DatasetError, match="changed while it was read"):
        prepare(make_request(draw_folder(dog=4, cat=4), "Restless"))
    assert list_sets(tmp_path / "cache") == []


class TestTooManyUnreadable:
    def test_the_rest_is_not_even_looked_at(self, make_request, draw_folder):
        source, seen = draw_folder(dog=2000, cat=2), []
        for number in range(30):
            (source / f"dog/{number:03}.png").write_bytes(b"no picture")
        with pytest.raises(DatasetError, match=r"(?s)21 or more of 2002 .*at most 20.*dog/000.png"):
            prepare(make_request(source), on_progress=seen.append)
        assert all(step.done < step.total for step in seen if step.total)

    def test_damage_behind_the_header_stops_the_decoding(self, make_request, draw_folder):
        source = draw_folder(dog=20, cat=20)
        for number in range(15):
            path = source / f"dog/{number:03}.png"
            path.write_bytes(path.read_bytes()[:45])
        with pytest.raises(DatasetError, match=r"(?s)3 or more of 40 .*at most 2.*--max-bad"):
            prepare(make_request(source, max_bad=2))
