"""What workers run on: GPUs as their driver tells them, one each; cores shared out; more workers than that refused."""

from __future__ import annotations

from contextlib import closing

import pretend_worker
import pytest

from imgcls_automl import registry
from imgcls_automl.errors import ConfigError
from imgcls_automl.executors import devices
from imgcls_automl.executors.devices import (
    count_own_devices,
    list_gpus,
    name_workers,
    share_devices,
)
from imgcls_automl.executors.local import LocalExecutor
from imgcls_automl.executors.messages import WorkerSetup

TWO = """\
GPU 0: NVIDIA H200 (UUID: GPU-aaaa0000-1111)
GPU 1: NVIDIA H200 (UUID: GPU-bbbb0000-2222)
"""
SPLIT = """\
GPU 0: NVIDIA H200 (UUID: GPU-aaaa0000-1111)
  MIG 3g.71gb     Device  0: (UUID: MIG-cccc0000-3333)
  MIG 3g.71gb     Device  1: (UUID: MIG-dddd0000-4444)
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """Put an nvidia-smi on the path that does as a shell script says."""

    def install(script):
        program = tmp_path / "nvidia-smi"
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    return install


def tell(listing):
    return f"cat <<END\n{listing}END"


@pytest.fixture
def cores(monkeypatch):
    monkeypatch.setattr(devices, "usable_cores", lambda: 4)


class TestListing:
    def test_gpus_are_told_by_what_names_them_for_good(self, install):
        install(tell(TWO))
        assert list_gpus() == ["GPU-aaaa0000-1111", "GPU-bbbb0000-2222"]

    def test_of_a_gpu_that_is_split_the_parts_are_used(self, install):
        install(tell(SPLIT))
        assert list_gpus() == ["MIG-cccc0000-3333", "MIG-dddd0000-4444"]

    @pytest.mark.parametrize(
        ("visible", "gpus"), [("1", ["1"]), ("0, 3", ["0", "3"]), ("-1", []), ("", [])]
    )
    def test_what_the_environment_allows_is_respected(self, install, monkeypatch, visible, gpus):
        install(tell(TWO))
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
        assert list_gpus() == gpus

    def test_without_a_driver_there_are_none_whatever_the_environment_says(
        self, tmp_path, monkeypatch
    ):
        monkeypatch.setenv("PATH", str(tmp_path))
        monkeypatch.setattr(devices, "DRIVER", tmp_path / "no-driver")
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
        assert list_gpus() == []

    @pytest.mark.parametrize("script", ["sleep 60", "echo 'driver mismatch'; exit 9"])
    def test_a_driver_in_trouble_has_none_and_does_not_hold_us_up(
        self, install, monkeypatch, script
    ):
        install(f"exec {script}" if script.startswith("sleep") else script)
        monkeypatch.setattr(devices, "_ASKING_SECONDS", 0.3)
        assert list_gpus() == []


@pytest.mark.usefixtures("cores")
class TestSharing:
    def test_there_is_a_worker_on_each_gpu(self, install):
        install(tell(TWO))
        shares = share_devices("auto", None)
        assert [it["CUDA_VISIBLE_DEVICES"] for it in shares] == list_gpus()
        assert {it["OMP_NUM_THREADS"] for it in shares} == {"2"}
        assert count_own_devices(shares) == 2

    def test_fewer_are_given_the_first_ones(self, install):
        install(tell(TWO))
        (share,) = share_devices("gpu", 1)
        assert share["CUDA_VISIBLE_DEVICES"] == "GPU-aaaa0000-1111"

    def test_on_the_processor_there_is_one_with_all_cores(self, install):
        install(tell(TWO))
        (share,) = share_devices("cpu", None)
        assert share["CUDA_VISIBLE_DEVICES"] == "-1"
        assert share["TF_NUM_INTRAOP_THREADS"] == "4"

    def test_more_share_the_cores(self):
        shares = share_devices("cpu", 3)
        assert [it["TF_NUM_INTRAOP_THREADS"] for it in shares] == ["1"] * 3
        assert count_own_devices(shares) == 1

    def test_more_than_gpus_are_refused(self, install):
        install(tell(TWO))
        with pytest.raises(ConfigError, match=r"at most 2, one a GPU, but got 3\.\n.*--device cpu"):
            share_devices("auto", 3)

    def test_more_than_cores_are_refused(self):
        with pytest.raises(ConfigError, match=r"at most 4, one a processor core .* but got 5"):
            share_devices("cpu", 5)


@pytest.mark.usefixtures("cores")
class TestNames:
    def test_one_worker_needs_none(self):
        assert name_workers(share_devices("cpu", 1)) == [""]

    def test_workers_that_share_the_cores_are_counted(self):
        assert name_workers(share_devices("cpu", 2)) == ["worker 0", "worker 1"]

    def test_workers_with_a_gpu_each_are_called_like_it(self, install, monkeypatch):
        install(tell(TWO))
        assert name_workers(share_devices("auto", None)) == ["GPU 0", "GPU 1"]
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1,3")
        assert name_workers(share_devices("auto", None)) == ["GPU 1", "GPU 3"]


@pytest.mark.usefixtures("cores")
class TestGpusThatTheBackendDoesNotSee:
    @pytest.fixture
    def start(self, install):
        """Start workers that pretend; returns (what was ready, how many there are)."""
        install(tell(TWO))

        def start(workers, **options):
            space = registry.find(registry.SEARCH_SPACES, "cnn_small")
            setup = WorkerSetup(space=space, space_options=options, device="auto")
            target = pretend_worker.TARGET
            with closing(
                LocalExecutor(setup, workers=workers, log=None, target=target)
            ) as executor:
                ready = executor.wait_ready()
                while len(executor.idle()) < (workers or 1):
                    executor.next_event(0.1)
                return ready.device, len(executor._workers)

        return start

    def test_one_worker_has_all_cores_instead_of_one_a_gpu(self, start):
        assert start(None, gpu="not seen") == ("4 threads", 1)

    def test_so_many_as_were_asked_for_stay(self, start):
        assert start(2, gpu="not seen") == ("2 threads", 2)

    def test_those_that_are_seen_have_a_worker_each(self, start):
        assert start(None) == ("2 threads", 2)
