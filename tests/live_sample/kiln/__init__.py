"""Fires pots: a program with ten places that copy a setting and do not follow it, beside others that do."""
