"""What can happen to a run, made to happen: each module does one kind of harm and counts what was lost."""
