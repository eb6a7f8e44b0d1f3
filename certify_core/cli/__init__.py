"""The command line: talks to the running service over its API, except `serve` and `demo`, which are one."""
