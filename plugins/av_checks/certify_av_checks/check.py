"""The health check: what was found and what was measured, told apart.

A product that is here is a note, whatever it is called. Only something that failed is a fault; and that is one
without any product, too.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from certify_av_checks import defender
from certify_av_checks.database_probe import probe_database
from certify_av_checks.file_probe import probe_files
from certify_av_checks.interference import Interference
from certify_av_checks.listener_probe import probe_listener
from certify_av_checks.presence import Present, present
from certify_av_checks.products import PRODUCTS, Product
from certify_av_checks.scratch import scratch
from certify_core.api import Finding, LocalFault, Severity

DEFENDER = "Microsoft Defender"


class AntivirusCheck:
    """Looks for antivirus software, and measures what is done to files, a database and a web server of ours."""

    name = "antivirus"
    title = "Antivirus software"

    def __init__(self, data_dir: Path, products: Sequence[Product] = PRODUCTS) -> None:
        self._data_dir = data_dir
        self._products = products

    def run(self) -> list[Finding]:
        """Look and measure.

        Raises:
            LocalFault: nothing can be measured, as the data folder cannot be written at all.
        """
        here = present(self._products)
        return [*(self._found(product) for product in here), *self._measured(here)]

    def fix(self, finding: Finding) -> str:
        """Refuse: what is scanned is for the machine's administrator to say."""
        raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)

    def _found(self, here: Present) -> Finding:
        evidence, remedy = f"{'; '.join(here.signs)}.", f"If it ever gets in the way, {self._exclude(here.product)}"
        if here.product.name == DEFENDER and (folders := defender.excluded_folders()) is not None:
            is_excluded = defender.covers(folders, str(self._data_dir))
            evidence += f" {self._data_dir} is {'among' if is_excluded else 'not among'} its exclusions."
            remedy = "" if is_excluded else remedy
        return Finding(
            code="antivirus-found",
            severity=Severity.NOTE,
            what=f"{here.product.name} is on this machine; that alone is no fault.",
            evidence=evidence,
            remedy=remedy,
            subject=here.product.name,
        )

    def _exclude(self, product: Product) -> str:
        """Return how the data folder is excluded, with a command that is ready to be run where there is one."""
        command = product.windows_command if os.name == "nt" else product.posix_command
        ready = f" Or run as administrator: {command.format(folder=self._data_dir)}" if command else ""
        return f"exclude {self._data_dir}: {product.advice}{ready}"

    def _measured(self, here: Sequence[Present]) -> list[Finding]:
        try:
            with scratch(self._data_dir) as folder:
                seen = [*probe_files(folder), *probe_database(folder), *probe_listener()]
        except OSError as error:
            raise LocalFault(
                f"{self._data_dir} cannot be written: {error.strerror}.", "Mend that first; `certify doctor` says more."
            ) from error
        if not seen:
            what = "Nobody interferes with files, databases or web servers of the service."
            evidence = "Files were written, renamed and kept, a database locked and backed up, a challenge fetched."
            return [Finding("antivirus", Severity.OK, what, evidence)]
        codes = dict.fromkeys(item.code for item in seen)
        return [self._fault([item for item in seen if item.code == code], here) for code in codes]

    def _fault(self, seen: Sequence[Interference], here: Sequence[Present]) -> Finding:
        """Return one finding for all interference of a kind."""
        suspects = " and ".join(item.product.name for item in here)
        if suspects:
            who = f"On this machine is {suspects}; whether that does it was not seen. "
            advice = " ".join(f"{item.product.name}: {self._exclude(item.product)}" for item in here)
        else:
            who = "No antivirus software that Certify knows is on this machine. "
            advice = "Ask who looks after this machine for what watches its files and its network."
        return Finding(
            code=seen[0].code,
            severity=Severity.ERROR if any(item.blocks for item in seen) else Severity.WARNING,
            what=seen[0].what,
            evidence=who + " ".join(item.evidence for item in seen),
            remedy=f"Exclude {self._data_dir} and the program {sys.executable} from scanning. {advice}",
        )
