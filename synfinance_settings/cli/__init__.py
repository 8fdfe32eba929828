"""What an operator types: the admin commands, which import the package's libraries only when they run."""
