"""What is wanted, written in files: read, compared with what there is, applied, and written out again."""
