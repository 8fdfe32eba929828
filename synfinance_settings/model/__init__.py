"""What settings can be: the forms of values, the base of all models, and what a rule is."""
