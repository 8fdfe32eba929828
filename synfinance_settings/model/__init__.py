"""What settings can be: forms of values, models, rules, the catalogue of a model, and an application."""
