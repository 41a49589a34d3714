"""A plugin package of nobody in particular."""
