"""The systems that are compared, each run in a process of its own by `measure.jobs`."""
