"""Child processes: they answer, die loudly, never outlive us and never touch our stdout."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time

import psutil
import pytest

from imgcls_automl import processes
from imgcls_automl.processes import Child, ChildDiedError, describe_exit

TARGETS = """
import os, signal, sys, time

def add(connection, left, right):
    connection.send(left + right)

def echo(connection):
    while True:
        connection.send(connection.recv())

def tell_environment(connection, name):
    connection.send((os.environ.get(name), os.getpgrp() == os.getpid(), sys.stdin.read()))

def chatter(connection):
    print("to stdout")
    print("to stderr", file=sys.stderr)
    connection.send("done")

def kill_itself(connection):
    os.kill(os.getpid(), signal.SIGKILL)

def leave(connection):
    os._exit(3)

def fail(connection):
    raise RuntimeError("no such thing")

def linger(connection):
    connection.send(os.getpid())
    time.sleep(600)

def spin(connection):
    connection.send(os.getpid())
    while True:
        pass

def calculate(connection):
    connection.send(os.getpid())
    sum(range(10**12))  # one call that never lets go of the interpreter

def stand_still(connection):
    connection.send(os.getpid())
    os.kill(os.getpid(), signal.SIGSTOP)

def have_children(connection):
    import subprocess
    connection.send(subprocess.Popen(["sleep", "600"]).pid)
    time.sleep(600)

def fork_and_leave(connection):
    if os.fork() == 0:
        time.sleep(600)
    os._exit(3)

def break_off(connection):
    os.write(connection.fileno(), (1000).to_bytes(4, "big") + b"half a message")
    os._exit(3)
"""


@pytest.fixture(autouse=True)
def targets(tmp_path, monkeypatch):
    """A module of functions for children to run, in a folder on the path of both."""
    (tmp_path / "child_targets.py").write_text(TARGETS)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.fixture
def start():
    children = []

    def start_child(function, *arguments, **options):
        children.append(Child(f"child_targets:{function}", *arguments, **options))
        return children[-1]

    yield start_child
    for child in children:
        child.stop()


def run_script(folder, code, **options):
    """Run an ordinary script, with no `if __name__ == "__main__"`, that can import the targets."""
    script = folder / "script.py"
    script.write_text(textwrap.dedent(code))
    return subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        **options,
    )


def wait_until_gone(pid, seconds=10.0):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        # A dead process stays in the table until its new parent asks for it.
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.05)
    return False


class TestTalking:
    def test_a_child_answers(self, start):
        assert start("add", 2, 40).receive(timeout=30) == 42

    def test_messages_go_back_and_forth_in_order(self, start):
        child = start("echo")
        for message in ("a text", {"loss": 0.25}, [None, b"bytes"]):
            child.send(message)
            assert child.receive(timeout=30) == message

    def test_silence_ends_in_a_timeout_and_the_child_lives_on(self, start):
        child = start("echo")
        with pytest.raises(TimeoutError):
            child.receive(timeout=0.05)
        child.send("still there?")
        assert child.receive(timeout=30) == "still there?"

    def test_a_child_has_its_own_environment_group_and_no_input(self, start):
        child = start("tell_environment", "KERAS_BACKEND", environment={"KERAS_BACKEND": "jax"})
        assert child.receive(timeout=30) == ("jax", True, "")
        assert os.environ.get("KERAS_BACKEND") != "jax"


class TestDying:
    def test_a_kill_is_told_with_its_signal(self, start):
        with pytest.raises(ChildDiedError, match="was killed by SIGKILL") as caught:
            start("kill_itself").receive(timeout=30)
        assert caught.value.returncode == -signal.SIGKILL

    def test_an_exit_is_told_with_its_code(self, start):
        with pytest.raises(ChildDiedError, match="exited with code 3"):
            start("leave").receive(timeout=30)

    def test_an_exception_is_told_and_its_traceback_is_in_the_log(self, start, tmp_path):
        log = tmp_path / "log.txt"
        with pytest.raises(ChildDiedError, match="exited with code 1"):
            start("fail", log=log).receive(timeout=30)
        assert "RuntimeError: no such thing" in log.read_text()

    def test_a_target_that_is_not_there_is_told_too(self, start):
        with pytest.raises(ChildDiedError, match="exited with code 1"):
            start("no_such_function").receive(timeout=30)

    def test_writing_to_a_dead_child_is_told_as_its_death(self, start):
        child = start("leave")
        with pytest.raises(ChildDiedError, match="exited with code 3"):
            child.receive(timeout=30)
        with pytest.raises(ChildDiedError, match="exited with code 3"):
            child.send("hello?")

    def test_what_was_said_before_death_is_heard_first(self, start):
        child = start("add", 1, 1)
        assert child.receive(timeout=30) == 2
        with pytest.raises(ChildDiedError, match="exited with code 0"):
            child.receive(timeout=30)

    def test_it_is_told_though_a_process_it_has_forked_holds_the_pipe(self, start):
        with pytest.raises(ChildDiedError, match="exited with code 3"):
            start("fork_and_leave").receive(timeout=30)

    def test_it_is_told_in_the_middle_of_a_message(self, start):
        with pytest.raises(ChildDiedError, match="exited with code 3"):
            start("break_off").receive(timeout=30)

    def test_stop_ends_what_the_child_has_started_too(self, start):
        child = start("have_children")
        grandchild = child.receive(timeout=30)
        child.stop()
        assert wait_until_gone(grandchild)

    @pytest.mark.parametrize("function", ["linger", "spin", "stand_still"])
    def test_stop_ends_a_child_whatever_it_does_and_may_be_called_twice(self, start, function):
        child = start(function)
        assert child.receive(timeout=30) == child.pid
        child.stop()
        assert not psutil.pid_exists(child.pid)
        child.stop()

    def test_one_that_cannot_be_killed_is_left_behind_with_a_word(self, start, monkeypatch, caplog):
        monkeypatch.setattr(processes, "_KILL_SECONDS", 0.2)
        child = start("linger")
        child.receive(timeout=30)
        # A driver or a disk that does not answer keeps the signal from it; that cannot be made here.
        monkeypatch.setattr(child._process, "kill", lambda: None)
        begun = time.monotonic()
        child.stop()
        assert time.monotonic() - begun < 5.0
        assert "was killed and has not ended" in caplog.text
        child._process.wait()

    def test_stopped_children_leave_no_open_files(self, start):
        before = psutil.Process().num_fds()
        for _ in range(3):
            start("linger").stop()
        assert psutil.Process().num_fds() == before

    def test_exits_are_described_in_words(self):
        assert describe_exit(-11) == "was killed by SIGSEGV"
        assert describe_exit(0) == "exited with code 0"


class TestOutput:
    def test_what_a_child_prints_goes_to_the_log_and_is_appended(self, start, tmp_path):
        log = tmp_path / "log.txt"
        log.write_text("before\n")
        child = start("chatter", log=log)
        assert child.receive(timeout=30) == "done"
        with pytest.raises(ChildDiedError):
            child.receive(timeout=30)
        assert sorted(log.read_text().splitlines()) == ["before", "to stderr", "to stdout"]

    def test_it_never_reaches_our_stdout_even_from_an_unguarded_script(self, targets):
        code = """
            from imgcls_automl.processes import Child
            print("the script starts")
            child = Child("child_targets:chatter")
            print(child.receive(timeout=30))
            child.stop()
        """
        script = run_script(targets, code)
        output, errors = script.communicate(timeout=60)
        # A script run again by its child would have greeted twice.
        assert (output, errors) == ("the script starts\ndone\n", "")


class TestParents:
    CODE = """
        import time
        from imgcls_automl.processes import Child
        child = Child("child_targets:{function}")
        print(child.receive(timeout=30), flush=True)
        time.sleep({seconds})
    """

    @pytest.mark.parametrize(
        "function", ["linger", "spin", "calculate", "stand_still", "have_children"]
    )
    def test_a_child_ends_when_its_parent_is_killed(self, targets, function):
        parent = run_script(targets, self.CODE.format(function=function, seconds=600))
        child = int(parent.stdout.readline())
        assert psutil.pid_exists(child)
        parent.send_signal(signal.SIGKILL)
        parent.communicate(timeout=30)
        assert wait_until_gone(child)

    def test_a_child_ends_when_its_parent_forgets_it(self, targets):
        parent = run_script(targets, self.CODE.format(function="linger", seconds=0))
        output, _ = parent.communicate(timeout=60)
        assert wait_until_gone(int(output))

    def test_a_second_child_does_not_keep_the_first_alive(self, targets):
        code = self.CODE.format(function="linger", seconds=0).replace("time.sleep(0)", "")
        second = 'print(Child("child_targets:linger").receive(timeout=30), flush=True)'
        parent = run_script(targets, f"{textwrap.dedent(code)}\n{second}\ntime.sleep(600)")
        children = [int(parent.stdout.readline()), int(parent.stdout.readline())]
        parent.kill()
        parent.communicate(timeout=30)
        assert all(wait_until_gone(child) for child in children)

    def test_ctrl_c_reaches_only_the_parent(self, targets):
        code = textwrap.dedent(self.CODE.format(function="linger", seconds=600))
        # A shell that starts the tests in the background has them ignore it.
        heed = "import signal\nsignal.signal(signal.SIGINT, signal.default_int_handler)\n"
        parent = run_script(targets, heed + code, process_group=0)
        child = int(parent.stdout.readline())
        os.killpg(parent.pid, signal.SIGINT)
        _, errors = parent.communicate(timeout=30)
        assert "KeyboardInterrupt" in errors
        assert wait_until_gone(child)  # of its parent's end, not of the signal
