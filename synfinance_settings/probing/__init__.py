"""Live checks: does what the settings name in the world work from here?"""
