"""Whether KerasTuner HyperModels run unchanged: trials of each on digits, and their replay by KerasTuner itself.

Each trial's stored values are given to KerasTuner's own `HyperParameters`, and the HyperModel builds once more with it.
The values it then holds, the layers' configuration and the shapes of all weights are compared with those of the trial.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from measure.record import Record, make_parser, print_table

CONDITIONAL = f"{Path(__file__).parent / 'systems/conditional_hypermodel.py'}:ConditionalHyperModel"
SPACES = {
    "conditional": CONDITIONAL,
    "HyperXception": "keras_tuner.applications:HyperXception",
    "HyperResNet": "keras_tuner.applications:HyperResNet",
}


def parse_arguments() -> argparse.Namespace:
    parser = make_parser(__doc__)
    parser.add_argument(
        "--spaces", default=",".join(SPACES), help="which HyperModels (default: %(default)s)"
    )
    parser.add_argument("--trials", type=int, default=3, help="of each (default: %(default)s)")
    parser.add_argument("--pictures", type=int, default=400, help="digits (default: %(default)s)")
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.spaces, arguments.trials = "conditional", 2
    return arguments


def main() -> int:
    arguments = parse_arguments()
    record = Record("hypermodels", arguments)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_digits(folder / "digits.npz", arguments.pictures)
        for space in arguments.spaces.split(","):
            record.add(space=space, **search_and_replay(space, arguments.trials, folder))
    columns = ("trials", "complete", "values", "equal values", "equal networks", "seconds")
    rows = [
        (one["space"], *(one[name.replace(" ", "_")] for name in columns))
        for one in record.measurements
    ]
    print_table("HyperModels on digits, and their replay by KerasTuner", ("space", *columns), rows)
    record.write({one["space"]: one for one in record.measurements})
    return 0 if all(one["equal_networks"] == one["trials"] for one in record.measurements) else 1


def write_digits(path: Path, pictures: int) -> None:
    """Write some of scikit-learn's digits as an archive that the search reads."""
    import numpy as np
    from sklearn.datasets import load_digits

    digits = load_digits()
    images = (digits.images[:pictures] * 15).astype("uint8")
    np.savez(path, x_train=images, y_train=digits.target[:pictures])


def search_and_replay(space: str, trials: int, folder: Path) -> dict[str, Any]:
    """Search a HyperModel through the command line, then build each of its trials with KerasTuner alone."""
    run, began = folder / space, time.time()
    command = [
        str(Path(sys.executable).with_name("imgcls-automl")),
        *("search", "--space", SPACES[space], "--data", str(folder / "digits.npz"), "--quiet"),
        *("--trials", str(trials), "--epochs", "1", "--preset", "fast", "--out", str(run)),
        *("--cache-dir", str(folder / "cache"), "--precision", "float32"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(
            f"The search of {space} ended with code {done.returncode}:\n{done.stderr}"
        )
    seconds = time.time() - began
    stored = [json.loads(path.read_text()) for path in sorted(run.glob("trials/*/candidate.json"))]
    results = [json.loads(path.read_text()) for path in sorted(run.glob("trials/*/result.json"))]
    replays = [replay(space, one) for one in stored]
    return {
        "trials": len(stored),
        "complete": sum(one["state"] == "complete" for one in results),
        "values": sum(len(one["model"]) for one in stored),
        "equal_values": sum(one["equal_values"] for one in replays),
        "equal_networks": sum(one["equal_network"] for one in replays),
        "seconds": seconds,
        "candidates": [one["model"] for one in stored],
    }


def replay(space: str, stored: dict[str, Any]) -> dict[str, Any]:
    """Build a trial's candidate twice, by its space and by KerasTuner, and compare."""
    import keras
    import keras_tuner

    from imgcls_automl import registry
    from imgcls_automl.plugin import ImageTask

    found = registry.find(registry.SEARCH_SPACES, SPACES[space])
    task = ImageTask(
        image_shape=tuple(stored["task"]["image_shape"]),
        class_names=tuple(stored["task"]["class_names"]),
        class_counts=tuple(stored["task"]["class_counts"]),
    )
    keras.utils.clear_session()
    hypermodels = registry.load(found, {})
    ours = hypermodels.own_fit(hypermodels.build(stored["model"], task)).model
    keras.utils.clear_session()
    hp = keras_tuner.HyperParameters()
    hp.values = dict(stored["model"])
    theirs = _make(space, task).build(hp)
    shapes = [[weight.shape for weight in model.get_weights()] for model in (ours, theirs)]
    same_layers = _describe(ours) == _describe(theirs)
    return {
        "equal_values": sum(hp.values.get(key) == it for key, it in stored["model"].items()),
        "equal_network": shapes[0] == shapes[1] and same_layers and hp.values == stored["model"],
    }


def _describe(model: Any) -> str:
    # With the optimizer and its numbers, of which KerasTuner draws some too.
    parts = (model.get_config(), model.optimizer.get_config(), str(model.loss))
    return json.dumps(parts, sort_keys=True, default=lambda value: type(value).__name__)


def _make(space: str, task: Any) -> Any:
    import keras_tuner
    from systems.conditional_hypermodel import ConditionalHyperModel

    if space == "conditional":
        return ConditionalHyperModel(task.image_shape, task.num_classes)
    hypermodel = getattr(keras_tuner.applications, space)
    return hypermodel(input_shape=task.image_shape, classes=task.num_classes)


if __name__ == "__main__":
    sys.exit(main())
