"""KerasTuner HyperModels and build functions as search spaces, run unchanged; loaded only in child processes."""
