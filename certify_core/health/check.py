"""What the core's own checks share."""

from __future__ import annotations

from certify_core.domain.finding import Finding
from certify_core.errors import LocalFault


class NothingToFix:
    """For checks whose findings are mended elsewhere."""

    def fix(self, finding: Finding) -> str:
        """Refuse."""
        raise LocalFault(f"{finding.code} cannot be fixed by itself.", finding.remedy)
