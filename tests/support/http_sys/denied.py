"""What is said on Windows to who may not have port 80 and its prefix; prints the refusal as JSON.

python -m tests.support.http_sys.denied
"""

from __future__ import annotations

import json

from certify_challenge_http.http_sys_refusals import HttpSysRefused
from certify_challenge_http.listener import Listener
from certify_challenge_http.openers import SharedPort

if __name__ == "__main__":
    try:
        Listener(80, SharedPort()).publish("token", "answer")
    except HttpSysRefused as refused:
        print(json.dumps({"code": refused.code, "cause": refused.cause, "remedy": refused.remedy}))
