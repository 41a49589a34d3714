"""When a worker is renewed for its memory."""

from __future__ import annotations

from imgcls_automl.executors.renewal import Growth

MIB = 1 << 20


def renewals(taken):
    """After which trials a worker is renewed that takes so many MiB after each; it goes on with the next ones."""
    growth, found = Growth(), []
    for trial, mib in enumerate(taken, start=1):
        growth.note(mib * MIB)
        if growth.is_due:
            found.append(trial)
            growth = Growth()
    return found


def test_one_that_gains_with_every_trial_is_renewed_again_and_again():
    assert renewals([1000 + 12 * trial for trial in range(30)]) == [10, 20, 30]


def test_one_that_has_compiled_all_it_needs_is_left_alone():
    assert renewals([975, 994, 1021, 1070, *[1076] * 200]) == []


def test_a_first_architecture_that_takes_much_is_no_reason_soon():
    assert renewals([1000, 1300, 1310, 1320, 1330, 1340, 1350]) == []


def test_slow_growth_has_an_end_too():
    assert renewals([1000 + 3 * trial for trial in range(200)]) == [172]
