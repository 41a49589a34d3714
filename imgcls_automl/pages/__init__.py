"""Pages that open offline and load nothing: their style, their policy, and that of an inspection."""
