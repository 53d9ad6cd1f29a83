"""Similar work in a class, by winnowing: leads that are worth a look, never a verdict."""
