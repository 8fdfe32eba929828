"""What settings there are: one model a file, and what is derived from the models."""
