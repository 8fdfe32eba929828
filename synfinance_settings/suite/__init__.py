"""A suite of tests and the settings: other values under it, what each test reads, and whom a change concerns.

Nothing here knows pytest; its plugin does, and imports this only where one of its options or fixtures is used.
"""
