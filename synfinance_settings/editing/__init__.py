"""Changing layer files safely: one change in a text, validated, written whole, and kept in the history."""
