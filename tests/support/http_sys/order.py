"""A real order on Windows, while another program has the rest of its port; prints as JSON what became of it.

python -m tests.support.http_sys.order DIRECTORY CA_BUNDLE PORT
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from tests.support.http_sys.asking import asked
from tests.support.http_sys.other_program import other_program
from tests.support.http_sys.waking import awake
from tests.support.service import Service

if __name__ == "__main__":
    directory, ca_bundle, port = sys.argv[1:]
    with tempfile.TemporaryDirectory() as folder, awake(), other_program(int(port), "/", "the other site"):
        service = Service(Path(folder) / "data").configure(httpChallengeServerPort=int(port)).start()
        try:
            other = asked(int(port), "")
            ended = service.certify(
                *("request", "app.test", "--ca-directory", directory, "--ca-bundle", ca_bundle),
                *("--deploy", f"files:dir={folder}/site", "--wait", "--timeout", "90"),
                timeout=100,
            )
            alone = "is listened on directly" in service.log()
            deployed = (Path(folder) / "site" / "fullchain.pem").exists()
        finally:
            service.close()
    print(
        json.dumps(
            {
                "other": other[1].decode(),
                "alone": alone,
                "code": ended.code,
                "deployed": deployed,
                "said": ended.err,
            }
        )
    )
