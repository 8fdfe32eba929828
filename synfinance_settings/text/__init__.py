"""Text and its places: what is read, where it stands, how it is spelled and put on the disk."""
