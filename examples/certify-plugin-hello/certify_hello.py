"""A deployment target that writes a greeting: whose certificate is in place, and which one."""

from pathlib import Path

from pydantic import BaseModel, Field

from certify_core.api import CertificateBundle, DeploymentFailed, PlannedChange, hookimpl, write_atomically


class HelloParameters(BaseModel):
    """What the target asks for."""

    file: Path = Field(description="The file that gets the greeting.")


class HelloTarget:
    """Writes `Hello NAME THUMBPRINT` into a file."""

    name = "hello"
    title = "Greeting in a file"
    parameters = HelloParameters

    def plan(self, bundle: CertificateBundle, parameters: HelloParameters) -> list[PlannedChange]:
        """Say which file `apply` would write."""
        return [PlannedChange("write", str(parameters.file), greeting(bundle))]

    def apply(self, bundle: CertificateBundle, parameters: HelloParameters) -> None:
        """Write the greeting; it is not worth putting the previous one back."""
        try:
            write_atomically(parameters.file, greeting(bundle).encode(), mode=0o644)
        except OSError as error:
            raise DeploymentFailed(f"{parameters.file} cannot be written: {error}.", "Check its folder.") from error

    def verify(self, bundle: CertificateBundle, parameters: HelloParameters) -> None:
        """Read the greeting back."""
        if not parameters.file.exists() or parameters.file.read_text() != greeting(bundle):
            raise DeploymentFailed(f"{parameters.file} does not greet {bundle.name}.", "Deploy the certificate again.")


def greeting(bundle: CertificateBundle) -> str:
    """Return what the file has to hold."""
    return f"Hello {bundle.name} {bundle.thumbprint}\n"


@hookimpl
def certify_deployment_targets() -> list[HelloTarget]:
    """Offer the target; a hook names only the parameters that it needs, here none."""
    return [HelloTarget()]
