"""What a browser sends: cookies that it was given, the Origin of its page, from an address of the test's choice."""

from __future__ import annotations

import http.client
import json
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlsplit

import urllib3

from tests.support.service import Answer


class Browser:
    """A client with a cookie jar; other addresses of the loopback are other clients to the service."""

    def __init__(self, url: str, *, address: str = "127.0.0.1", origin: str | None = None) -> None:
        self._port = urlsplit(url).port
        self._address = address
        self.origin = origin or url
        self.cookies: SimpleCookie = SimpleCookie()

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> Answer:
        """Ask the service as a page of `origin` does."""
        connection = http.client.HTTPConnection("127.0.0.1", self._port, 30, source_address=(self._address, 0))
        sent = {"Host": f"localhost:{self._port}", **(headers or {})}
        if method not in {"GET", "HEAD"} and self.origin:
            sent["Origin"] = self.origin
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={morsel.value}" for name, morsel in self.cookies.items())
        if body is not None:
            sent["Content-Type"] = "application/json"
        try:
            connection.request(method, path, json.dumps(body) if body is not None else None, sent)
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        for cookie in response.headers.get_all("Set-Cookie", []):
            self.cookies.load(cookie)
        is_json = "json" in response.headers.get("Content-Type", "")
        found = urllib3.HTTPHeaderDict(response.headers.items())
        return Answer(response.status, found, json.loads(text) if text and is_json else text)
