"""For plugin authors: the contracts as tests that a plugin's own test classes inherit."""
