"""Pages that open offline, load nothing and run nothing."""
