"""A program that reads settings in every way that programs do; tests/test_reads.py says which."""
