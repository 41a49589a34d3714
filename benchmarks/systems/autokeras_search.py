"""AutoKeras out of the box: `ImageClassifier().fit(...)` with everything at its default."""

from __future__ import annotations

from typing import Any

from measure.jobs import answer_job
from measure.pictures import load_split, read_files


def search(job: dict[str, Any]) -> dict[str, Any]:
    """Run AutoKeras to its end, then test its model once."""
    import autokeras  # type: ignore[import-untyped]

    from systems.epoch_events import EpochEvents

    use_plain_integers()
    files = read_files(job["pictures"])
    x, y = load_split(files, "train")
    limits = {"max_trials": job["trials"]} if job["trials"] else {}
    classifier = autokeras.ImageClassifier(
        directory=job["folder"], seed=job["seed"], overwrite=True, **limits
    )
    classifier.fit(
        x,
        y,
        validation_data=load_split(files, "validation"),
        callbacks=[EpochEvents(job["folder"])],
        epochs=job["epochs"],
        verbose=0,
    )
    x_test, y_test = load_split(files, "test")
    named = classifier.predict(x_test, verbose=0).astype("int64").ravel()
    return {
        "trials": len(classifier.tuner.oracle.trials),
        "test_accuracy": float((named == y_test).mean()),
    }


def use_plain_integers() -> None:
    """Cast the class count that AutoKeras 3.0.0 reads off an array: Keras 3.15 refuses a numpy integer as units."""
    from autokeras.blocks.heads import ClassificationHead  # type: ignore[import-untyped]

    build = ClassificationHead.build

    def build_with_plain_shape(self: Any, hp: Any, inputs: Any = None) -> Any:
        self.shape = [None if side is None else int(side) for side in self.shape]
        return build(self, hp, inputs)

    ClassificationHead.build = build_with_plain_shape


if __name__ == "__main__":
    answer_job(search)
