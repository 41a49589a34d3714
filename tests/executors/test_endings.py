"""How a worker ended, in the words that stand in the record."""

from __future__ import annotations

import signal

import pytest

from imgcls_automl.executors.endings import explain_ending, measure_log, read_last_words

CRASH = """\
epoch 1
Fatal Python error: Aborted

Thread 0x00007f10 (most recent call first):
  File "/usr/lib/python3.11/threading.py", line 331 in wait

Current thread 0x00007f20 (most recent call first):
  File "/home/ada/space.py", line 39 in build
  File "/usr/lib/imgcls_automl/training/fitting.py", line 12 in build_network

Extension modules: numpy._core (total: 1)
"""


def explain(returncode, *, short=False, words=""):
    return explain_ending(returncode, used=3 << 30, short_of_memory=short, last_words=words)


class TestCauses:
    @pytest.mark.parametrize(
        ("returncode", "cause", "words"),
        [
            (-signal.SIGSEGV, "crash", "was killed by SIGSEGV"),
            (-signal.SIGKILL, "crash", "was killed by SIGKILL"),
            (-40, "crash", "was killed by signal 40"),
            (3, "crash", "exited with code 3"),
            (0, "lost worker", "exited with code 0"),
        ],
    )
    def test_signal_and_code_are_told(self, returncode, cause, words):
        lost = explain(returncode)
        assert (lost.cause, lost.detail) == (cause, f"the worker process {words}")

    def test_killed_while_memory_was_short_it_was_the_memory(self):
        lost = explain(-signal.SIGKILL, short=True, words="epoch 3")
        assert lost.cause == "out of memory"
        assert "3.2 GB" in lost.detail
        assert "fewer --workers" in lost.detail

    def test_a_crash_while_memory_was_short_is_a_crash(self):
        assert explain(-signal.SIGSEGV, short=True).cause == "crash"

    def test_last_words_are_told(self):
        assert explain(3, words="no GPU left").detail.endswith("; its last words: no GPU left")


class TestLastWords:
    @pytest.fixture
    def log(self, tmp_path):
        return tmp_path / "log.txt"

    def test_of_a_crash_they_are_the_line_it_happened_in(self, log):
        log.write_text(CRASH)
        assert read_last_words(log, 0) == 'Aborted in build (File "/home/ada/space.py", line 39)'

    def test_they_are_no_line_of_our_own_log(self, log):
        said = "CUDA_ERROR_LAUNCH_FAILED\n\n2026-11-20 16:00:00,123 optuna Trial 3 finished.\n"
        log.write_text(said)
        assert read_last_words(log, 0) == "CUDA_ERROR_LAUNCH_FAILED"

    def test_what_was_said_before_is_not_among_them(self, log):
        log.write_text("of an earlier trial\n")
        since = measure_log(log)
        assert read_last_words(log, since) == ""

    def test_of_a_flood_only_the_end_is_read(self, log):
        log.write_text("x" * 100_000 + "\nthe end\n")
        assert read_last_words(log, 0) == "the end"

    def test_without_a_log_there_are_none(self, log):
        assert read_last_words(None, 0) == read_last_words(log, 0) == ""
