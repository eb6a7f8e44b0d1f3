"""Telling people what does not work, and when it works again."""
