"""When a worker has grown so much that another should take its place: frameworks keep something of all they compile."""

from __future__ import annotations

# At least, between two renewals of a worker: each costs seconds, and all that was compiled.
TRIALS_BETWEEN = 8
# Bytes a worker may gain on what it had after its first trial, while it goes on growing.
GROWTH = 96 << 20
STILL = 4 << 20  # bytes a trial; one that gains less trains with what it has compiled
WINDOW = 4  # trials over which that is looked at
MOST_GROWTH = 512 << 20  # bytes, however slowly


class Growth:
    """What one worker has taken after each of its trials."""

    def __init__(self) -> None:
        self._taken: list[int] = []

    @property
    def trials(self) -> int:
        """Trials noted so far."""
        return len(self._taken)

    def note(self, taken: int) -> None:
        """Note the bytes it has to itself after a trial."""
        self._taken.append(taken)

    @property
    def is_due(self) -> bool:
        """Whether to renew it: it has grown, and still grows.

        One that has compiled the few architectures of a small space has grown too, but stays as it is; to renew it
        would only make it compile them again.
        """
        if self.trials < TRIALS_BETWEEN:
            return False
        last = self._taken[-1]
        gained = last - self._taken[0]
        lately = last - self._taken[-1 - WINDOW]
        return gained > MOST_GROWTH or (gained > GROWTH and lately > STILL * WINDOW)
