"""Moving to another machine: one encrypted file with everything, and the lists of other programs."""
