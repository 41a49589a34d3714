"""What a command says a run should be: refused where that is another run, taken over by a fork, free as a place is."""

from __future__ import annotations

import pytest

from imgcls_automl.config import RunConfig
from imgcls_automl.errors import ConfigError
from imgcls_automl.forking import UNCHANGED, Changes

CONFIG = RunConfig(space="cnn_small", data=("digits",), workers=4)


@pytest.mark.parametrize("other", [{"metric": "log_loss"}, {"space": "fast"}, {"data": ("more",)}])
def test_another_run_is_refused(other):
    with pytest.raises(ConfigError, match=r"has changed since this run began"):
        Changes(**other).refuse_other(CONFIG)


def test_it_may_go_on_elsewhere_with_fewer_workers():
    moved = Changes(workers=1, device="cpu")
    moved.refuse_other(CONFIG)
    after = moved.apply(CONFIG)
    assert (after.workers, after.device) == (1, "cpu")
    assert (after.space, after.data, after.metric) == ("cnn_small", ("digits",), "accuracy")


def test_what_is_not_said_stays_as_it_was():
    assert UNCHANGED.apply(CONFIG) == CONFIG
