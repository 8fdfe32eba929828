"""Which settings a program reads: found in its source, and recorded while its tests run. Nothing of it is imported."""
