"""What of the watched folder is not as its files say."""

from __future__ import annotations

from collections.abc import Iterator

from certify_core.configuration.plan import Action, Step
from certify_core.configuration.watching import FolderWatch
from certify_core.domain.finding import Finding, Severity
from certify_core.health.check import NothingToFix

ENTRIES = 20
"""So many documents are named one by one; of the others it is said how many there are."""


class ConfigFolderCheck(NothingToFix):
    """Looks at how the folder was applied last."""

    name = "config-folder"
    title = "Configuration folder"

    def __init__(self, watch: FolderWatch) -> None:
        self._watch = watch

    def run(self) -> list[Finding]:
        """Say it."""
        return list(self._findings()) or [
            Finding("config-folder", Severity.OK, "All is as the configuration folder says.", str(self._watch.folder))
        ]

    def _findings(self) -> Iterator[Finding]:
        obstacle, applied = self._watch.obstacle, self._watch.applied
        if obstacle is not None:
            yield Finding(
                "config-folder-unusable",
                Severity.ERROR,
                "The configuration folder is not applied; all stays as it was.",
                obstacle.cause,
                obstacle.remedy,
                subject=str(self._watch.folder),
            )
        if applied is None:
            return
        for problem in applied.problems[:ENTRIES]:
            yield Finding(
                "config-document-broken",
                Severity.WARNING,
                f"{problem.document or problem.file} is not applied, and stays as it was.",
                f"{problem.place}: {problem.cause}",
                f"{problem.remedy} The folder is applied again when the file is changed.".strip(),
                subject=problem.place,
            )
        if len(applied.problems) > ENTRIES:
            yield Finding(
                "config-document-broken",
                Severity.WARNING,
                f"{len(applied.problems) - ENTRIES} more problems are in the configuration folder.",
                remedy=f"See all of them: certify apply -f {self._watch.folder} --dry-run",
                subject="more",
            )
        yield from self._of_steps(applied.steps)

    def _of_steps(self, steps: list[Step]) -> Iterator[Finding]:
        for step in [step for step in steps if step.failure or step.action is Action.CONFLICT][:ENTRIES]:
            thing = f"{step.kind} {step.name}"
            if step.failure is not None:
                what = f"{thing} could not be applied."
                evidence, remedy = step.failure.cause, step.failure.remedy
                yield Finding("config-not-applied", Severity.WARNING, what, evidence, remedy, subject=thing)
            else:
                remedy = f"Change the file, or overwrite it: certify apply -f {self._watch.folder} --force"
                what = f"{thing} is not as its file says."
                yield Finding("config-conflict", Severity.WARNING, what, step.reason, remedy, subject=thing)
