"""What is measured, each in a world that really interferes: a locked database, a network that is closed or proxied."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from certify_av_checks.database_probe import probe_database
from certify_av_checks.file_probe import probe_files
from certify_av_checks.listener_probe import probe_listener
from tests.support.processes import installed

LOCKER = """
import sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("BEGIN EXCLUSIVE")
print("locked", flush=True)
sys.stdin.read()
"""
FILE_LOCKER = """
import filelock, sys
lock = filelock.FileLock(sys.argv[1])
lock.acquire()
print("locked", flush=True)
sys.stdin.read()
"""
PROBE = """
from certify_av_checks.listener_probe import probe_listener
print([found.code for found in probe_listener()])
"""
SHIELD = """
import http.server, subprocess, sys, threading

class Shield(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(403)
        self.end_headers()
        self.wfile.write(b"Blocked for your protection")
    def log_message(self, *arguments):
        pass

subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
server = http.server.HTTPServer(("127.0.0.1", 0), Shield)
threading.Thread(target=server.serve_forever, daemon=True).start()
rules = f'''
table ip shield {{
    chain out {{
        type nat hook output priority -100;
        tcp dport != {server.server_port} redirect to :{server.server_port}
    }}
}}
'''
subprocess.run([sys.argv[1], "-f", "-"], input=rules, text=True, check=True)
"""


def in_a_network_of_its_own(script: str, *arguments: str) -> str:
    """Run a script where there is no network but a loopback that is down, and return what it prints."""
    command = ["unshare", "--net", sys.executable, "-c", script, *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout.strip()


def test_a_database_that_nobody_touches_is_used_and_backed_up(tmp_path: Path) -> None:
    assert probe_database(tmp_path) == []


def test_a_database_that_another_process_locks_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", LOCKER, str(tmp_path / "manageditems.db")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        (found,) = probe_database(tmp_path)
        process.kill()
    assert (found.code, "database is locked" in found.evidence) == ("database-blocked", True)


def test_files_that_nobody_touches_are_written_renamed_and_locked(tmp_path: Path) -> None:
    assert probe_files(tmp_path) == []


def test_a_file_that_another_process_locks_is_told(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FILE_LOCKER, str(tmp_path / "service.lock")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "locked\n"
        (found,) = probe_files(tmp_path)
        process.kill()
    assert (found.code, "another process has it locked" in found.evidence) == ("files-blocked", True)


def test_a_listener_that_is_reached_is_all_right() -> None:
    assert probe_listener() == []


def test_a_listener_that_cannot_be_reached_is_told() -> None:
    assert in_a_network_of_its_own(PROBE) == "['listener-blocked']"


def test_a_web_shield_that_answers_in_our_place_is_told() -> None:
    shield = installed("nft", "nftables")
    assert in_a_network_of_its_own(SHIELD + PROBE, shield) == "['listener-altered']"
