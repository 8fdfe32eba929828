"""From sources to one validated snapshot; nothing here keeps state or reads `os.environ`."""
