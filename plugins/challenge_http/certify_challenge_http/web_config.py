"""The `web.config` that lets IIS serve challenge answers, which are files without extension.

IIS serves a file only if it knows its type; some sites hand every request to a program, or rewrite it, before that.
What a site allows to be set in a folder differs, so there are several, from the gentlest to the most thorough: the
first one that works is right. https://learn.microsoft.com/iis/configuration/system.webserver/staticcontent/mimemap
"""

from __future__ import annotations

NAME = "web.config"

_PAGE = """<?xml version="1.0" encoding="UTF-8"?>
<!-- Made by Certify for the time of a challenge, and removed after it. -->
<configuration>
  <system.webServer>
{}  </system.webServer>
</configuration>
"""
_TYPE = """    <staticContent>
      <remove fileExtension="." />
      <mimeMap fileExtension="." mimeType="application/octet-stream" />
    </staticContent>
"""
_HANDLER = """    <handlers>
      <clear />
      <add name="StaticFile" path="*" verb="GET,HEAD" modules="StaticFileModule" resourceType="File" />
    </handlers>
"""
_NO_REWRITING = """    <rewrite>
      <rules>
        <clear />
      </rules>
    </rewrite>
"""

VARIANTS = tuple(
    _PAGE.format(content).encode() for content in (_TYPE, _TYPE + _HANDLER, _TYPE + _HANDLER + _NO_REWRITING)
)
"""Each does what the one before it does, and more."""
