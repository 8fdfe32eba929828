"""SynFinance's own settings: one model a file, the rules between them, and the application that they make."""
