"""The engine: takes what is wanted and, step by committed step, makes it so."""
