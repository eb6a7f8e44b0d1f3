"""`python -m certify_core.cli` is the `certify` command."""

from certify_core.cli.main import main

if __name__ == "__main__":
    main()
