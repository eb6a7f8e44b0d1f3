"""Shows, without IIS, what a certificate would change in a copy of an `applicationHost.config`.

python -m certify_iis applicationHost.config www.example.com mode=update-only
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from pydantic import ValidationError

from certify_core.api import CertifyError, PlannedChange
from certify_iis.bindings import Certificate
from certify_iis.configuration import read_sites
from certify_iis.description import described
from certify_iis.options import Wanted
from certify_iis.parameters import IisParameters
from certify_iis.planner import plan_bindings

_NEW = "NEW"
_WRONG = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what the certificate of some names would change; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m certify_iis", description=main.__doc__)
    parser.add_argument("configuration", type=Path, help="a copy of applicationHost.config")
    parser.add_argument("names", nargs="+", help="the certificate's names; and parameters as name=value")
    parser.add_argument("--json", action="store_true", help="print JSON in place of a table")
    given = parser.parse_args(arguments)
    names = tuple(text for text in given.names if "=" not in text)
    try:
        parameters = IisParameters.model_validate(dict(text.split("=", 1) for text in given.names if "=" in text))
        wanted = Wanted(Certificate(_NEW, parameters.store), names)
        changes = described(plan_bindings(read_sites(given.configuration), wanted, parameters.options))
    except CertifyError as error:
        sys.stderr.write(f"{error}\n")
        return _WRONG
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        sys.stderr.write(f"{'.'.join(map(str, first['loc']))}: {first['msg']}.\n")
        return _WRONG
    sys.stdout.write(json.dumps([asdict(change) for change in changes], indent=2) if given.json else _table(changes))
    sys.stdout.write("\n")
    return 0


def _table(changes: Sequence[PlannedChange]) -> str:
    if not changes:
        return "No binding matches."
    rows = [("action", "subject", "detail"), *((one.action, one.subject, one.detail) for one in changes)]
    widths = [max(len(row[column]) for row in rows) for column in range(2)]
    return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c}".rstrip() for a, b, c in rows)


if __name__ == "__main__":
    sys.exit(main())
