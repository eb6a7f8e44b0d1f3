"""`certify demo`: the whole way in a temporary folder, on loopback alone.

A real service with its API, SQLite and the local authority; a certificate requested over the API, deployed as files,
served by an HTTPS page, and the page checked over TLS against the authority's root.
"""

from __future__ import annotations

import http.server
import socket
import ssl
import sys
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from certify_core.cli.client import Client
from certify_core.cli.common import print_json
from certify_core.cli.exits import Exit
from certify_core.cli.interruption import wait_for_interruption
from certify_core.cli.loudness import complain, is_quiet, say
from certify_core.cli.progress import follow, show_step

if TYPE_CHECKING:
    from pydantic import JsonValue

    from certify_core.service.host import Host

NAME = "demo.localhost"
PAGE = b"<!doctype html><title>Certify</title><h1>It works</h1><p>This page is served with a certificate of Certify.\n"


@click.command()
@click.option("--once", is_flag=True, help="End after the check instead of staying up until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON; ends after the check.")
def demo(once: bool, as_json: bool) -> None:
    """See it work: a service, a certificate for demo.localhost, an HTTPS page that uses it.

    Everything is temporary and on this machine; nothing outside is asked.
    """
    from certify_core.service.logs import close_logs

    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="certify-demo-") as folder:
        host, thread = _start_service(Path(folder) / "data")
        try:
            code = _run(host, Path(folder) / "site", started, stay=not (once or as_json), as_json=as_json)
        finally:
            host.stop()
            thread.join()
            close_logs()
    sys.exit(code)


def _start_service(data_dir: Path) -> tuple[Host, threading.Thread]:
    from certify_core.service.host import Host

    listening = threading.Event()
    overrides: dict[str, JsonValue] = {"port": 0, "host": "127.0.0.1"}
    host = Host(data_dir, overrides=overrides, listening=lambda _: listening.set(), hindered=complain)

    def run() -> None:
        try:
            host.run()
        finally:
            listening.set()  # who asks a service that has ended is told so; who waits for it would wait for good

    thread = threading.Thread(target=run, name="service", daemon=True)
    thread.start()
    listening.wait()
    return host, thread


def _run(host: Host, site: Path, started: float, *, stay: bool, as_json: bool) -> Exit:
    client = Client(host.data_dir)
    wish = {
        "identifiers": [NAME],
        "authority": "local",
        "deployments": [{"target": "files", "parameters": {"dir": str(site)}}],
    }
    certificate = client.post("/api/managedcertificates", wish)
    events, outcome = follow(client, certificate["operation"], as_json=as_json, patience=60)
    if outcome != "succeeded":
        return Exit.FAILED
    root = client.get("/api/authorities/local/root")["pem"]
    server = _serve_page(site)
    try:
        port = server.server_address[1]
        served = check_page(port, root)
        result = {
            "outcome": outcome,
            "api": client.url,
            "page": f"https://{NAME}:{port}/",
            "served_serial": served,
            "seconds": round(time.monotonic() - started, 2),
            "events": events,
        }
        report = partial(_report, result, host, stay=stay, as_json=as_json)
        if stay:
            wait_for_interruption(ready=report)
        else:
            report()
    finally:
        server.shutdown()
        server.server_close()
    return Exit.DONE


def _serve_page(site: Path) -> http.server.ThreadingHTTPServer:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(site / "fullchain.pem", site / "privkey.pem")
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Page)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, name="page", daemon=True).start()
    return server


class _Page(http.server.BaseHTTPRequestHandler):
    """Answers every GET with the same page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it so
        """Keep the terminal for the demo's own lines."""


def check_page(port: int, root_pem: str) -> str:
    """Return the serial of the certificate that the page is served with, trusting the authority's root alone."""
    context = ssl.create_default_context(cadata=root_pem)
    with (
        socket.create_connection(("127.0.0.1", port), timeout=5) as plain,
        context.wrap_socket(plain, server_hostname=NAME) as secure,
    ):
        serial = str((secure.getpeercert() or {}).get("serialNumber", ""))
        secure.sendall(f"GET / HTTP/1.0\r\nHost: {NAME}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: secure.recv(65536), b""))
    if PAGE not in answer:
        raise click.ClickException(f"The page at port {port} did not answer as it should.")
    return serial


def _report(result: dict[str, Any], host: Host, *, stay: bool, as_json: bool) -> None:
    if as_json:
        print_json(result)
        return
    from rich.console import Console

    served = f"over TLS against the local root, serial {result['served_serial']}"
    if not is_quiet():
        show_step(Console(), "page checked", served)
    say(f"\nDone in {result['seconds']} s.\n  API   {result['api']}   (token in {host.data_dir / 'api.token'})")
    say(f"  Page  {result['page']}")
    if stay:
        say("Ctrl-C ends the demo and removes everything.")
