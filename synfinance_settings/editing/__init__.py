"""Layer files over time: the versions that were accepted."""
