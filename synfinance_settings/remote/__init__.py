"""The shared store that the processes of a fleet read settings from: text in, text out, the only door to Redis."""
