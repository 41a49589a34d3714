"""The GPUs that an nvidia-smi on the path tells of, and why it tells of none."""

from __future__ import annotations

import pytest

from imgcls_automl.training.graphics_cards import GraphicsCard, ask_driver, find_hiding

H200 = GraphicsCard(name="NVIDIA H200", memory=143_771 << 20, capability=9.0)


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


def test_cards_are_told_with_memory_and_capability(install):
    install("echo 'NVIDIA H200, 143771, 9.0'")
    assert ask_driver().cards == (H200,)


def test_only_visible_ones_are_asked_for(install, monkeypatch):
    install('[ "$3 $4" = "-i 1" ] && echo "NVIDIA H200, 143771, 9.0"')
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    assert ask_driver().cards == (H200,)
    assert find_hiding() is None


@pytest.mark.parametrize(
    ("visible", "told"),
    [
        ("", 'CUDA_VISIBLE_DEVICES=""'),
        ("-1", "CUDA_VISIBLE_DEVICES=-1"),
        ("-1,0", "CUDA_VISIBLE_DEVICES=-1,0"),
    ],
)
def test_hidden_cards_are_told_with_what_hides_them(install, monkeypatch, visible, told):
    install("echo 'NVIDIA H200, 143771, 9.0'")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", visible)
    assert ask_driver().cards == (H200,)
    assert find_hiding() == told


@pytest.mark.parametrize(
    ("script", "fault"),
    [
        ("echo 'No devices were found'; exit 6", "nvidia-smi failed: No devices were found"),
        (
            "printf 'NVIDIA-SMI has failed because\\nthe driver  is old.\\n' >&2; exit 9",
            "nvidia-smi failed: NVIDIA-SMI has failed because the driver is old.",
        ),
        ("exit 12", "nvidia-smi failed: code 12"),
    ],
)
def test_a_driver_in_trouble_is_quoted(install, script, fault):
    install(script)
    answer = ask_driver()
    assert (answer.cards, answer.fault) == ((), fault)


def test_a_program_that_cannot_be_run_is_told(install, tmp_path):
    install("")
    (tmp_path / "nvidia-smi").write_bytes(b"\x7fELF no program")
    assert ask_driver().fault == "nvidia-smi cannot be run: Exec format error"


def test_no_driver_at_all_is_no_fault(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    assert ask_driver().fault == ""
