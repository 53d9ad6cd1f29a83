"""A class's gradings, in a database: what counts, what was before, and what a person decided."""
