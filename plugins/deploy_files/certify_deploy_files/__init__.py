"""A deployment target that puts certificates into a folder as files, and has the server that reads them reload.

Every program that serves TLS from files is reached this way: web servers, proxies, mail servers, databases, Java.
"""

from __future__ import annotations

from certify_core.api import PluginContext, hookimpl
from certify_deploy_files.target import FilesTarget


@hookimpl
def certify_deployment_targets(context: PluginContext) -> list[FilesTarget]:
    """Offer the target `files`."""
    return [FilesTarget()]
