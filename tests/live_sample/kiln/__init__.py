"""Fires pots: a program with places that copy a setting and do not follow it, beside others that do."""
