"""What is in force in this process, and how it changes."""
