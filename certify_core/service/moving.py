"""The port to which the API has moved, kept in serviceconfig.json, so that it is the same after the next start."""

from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path

from certify_core.errors import CertifyError
from certify_core.service.config import Configuration
from certify_core.service.config_file import read_config_file

_log = logging.getLogger(__name__)


def keep_port(data_dir: Path, configuration: Configuration, port: int) -> Configuration:
    """Write the port into serviceconfig.json and return the configuration as it is then.

    A file that cannot be read is left as it is: somebody has to mend it, and clients find the port in servers.json.
    """
    try:
        read_config_file(data_dir).change({"port": port})
    except CertifyError as error:
        _log.error("The new port is not kept for the next start: %s", error)
    return replace(
        configuration,
        config=configuration.config.model_copy(update={"port": port}),
        settings={**configuration.settings, "port": port},
        sources={**configuration.sources, "port": "file"},
    )
