"""A synthetic cohort and how each format writes it, by code that shares nothing with the readers."""
