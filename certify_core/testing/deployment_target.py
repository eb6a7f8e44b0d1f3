"""What every `DeploymentTarget` has to keep, as tests that a plugin author's test class inherits.

    class TestMyTarget(DeploymentTargetContract):
        @pytest.fixture
        def target(self):
            return MyTarget()

        @pytest.fixture
        def parameters(self, target, tmp_path):
            return target.parameters(place=str(tmp_path / "place"))

        @pytest.fixture
        def observe(self, tmp_path):
            return lambda: sorted(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())

The place is empty when a test begins. `bundle` and `renewed` are self-signed certificates for `app.test`; override the
fixtures if the target needs others.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from pydantic import BaseModel, ValidationError

from certify_core.api import CertificateBundle, DeploymentFailed, DeploymentTarget

Observe = Callable[[], object]
"""Looks at the place; two answers are equal exactly if the place is in the same state."""


def self_signed_bundle(name: str) -> CertificateBundle:
    """Return a new self-signed certificate for a DNS name, with an RSA key, valid for a day."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    start = datetime.now(UTC) - timedelta(hours=1)
    end = start + timedelta(days=1)
    certificate = (
        x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number(), start, end)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .sign(key, hashes.SHA256())
    )
    return CertificateBundle(
        name=name,
        identifiers=(name,),
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
        chain_pem="",
        private_key_pem=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        thumbprint=certificate.fingerprint(hashes.SHA1()).hex().upper(),
        not_before=certificate.not_valid_before_utc.timestamp(),
        not_after=certificate.not_valid_after_utc.timestamp(),
    )


class DeploymentTargetContract:
    """Inherit, give `target`, `parameters` and `observe`, and every test below has to pass."""

    @pytest.fixture
    def target(self) -> DeploymentTarget:
        """Return the target."""
        raise NotImplementedError("override the fixture `target`")

    @pytest.fixture
    def parameters(self) -> BaseModel:
        """Return an instance of the target's model that names a place where nothing was deployed yet."""
        raise NotImplementedError("override the fixture `parameters`")

    @pytest.fixture
    def observe(self) -> Observe:
        """Return how to look at the place that `parameters` name."""
        raise NotImplementedError("override the fixture `observe`")

    @pytest.fixture
    def bundle(self) -> CertificateBundle:
        """Return a certificate."""
        return self_signed_bundle("app.test")

    @pytest.fixture
    def renewed(self) -> CertificateBundle:
        """Return the certificate that follows it."""
        return self_signed_bundle("app.test")

    def test_it_keeps_the_protocol(self, target: DeploymentTarget) -> None:
        assert isinstance(target, DeploymentTarget)

    def test_every_parameter_is_described(self, target: DeploymentTarget) -> None:
        fields = target.parameters.model_fields
        assert [name for name, field in fields.items() if not field.description] == []

    def test_an_unknown_parameter_is_refused(self, target: DeploymentTarget, parameters: BaseModel) -> None:
        with pytest.raises(ValidationError, match="no_such_parameter"):
            target.parameters.model_validate({**parameters.model_dump(), "no_such_parameter": "1"})

    def test_the_plan_says_what_would_be_done(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle
    ) -> None:
        planned = target.plan(bundle, parameters)
        assert planned
        assert all(change.action and change.subject for change in planned)

    def test_the_plan_changes_nothing(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle, observe: Observe
    ) -> None:
        before = observe()
        target.plan(bundle, parameters)
        assert observe() == before

    def test_the_plan_shows_no_private_key(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle
    ) -> None:
        shown = repr(target.plan(bundle, parameters))
        assert [line for line in _key_lines(bundle) if line in shown] == []

    def test_nothing_is_verified_before_it_was_applied(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle
    ) -> None:
        with pytest.raises(DeploymentFailed) as failed:
            target.verify(bundle, parameters)
        assert failed.value.remedy

    def test_what_was_applied_is_verified(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle
    ) -> None:
        before_it_was = _verified(target, parameters, bundle)
        target.apply(bundle, parameters)
        assert (before_it_was, _verified(target, parameters, bundle)) == (False, True)

    def test_verifying_changes_nothing(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle, observe: Observe
    ) -> None:
        target.apply(bundle, parameters)
        before = observe()
        target.verify(bundle, parameters)
        assert observe() == before

    def test_applying_again_changes_nothing(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle, observe: Observe
    ) -> None:
        target.apply(bundle, parameters)
        before = observe()
        target.apply(bundle, parameters)
        assert observe() == before

    def test_a_renewed_certificate_takes_the_place_of_the_one_before(
        self,
        target: DeploymentTarget,
        parameters: BaseModel,
        bundle: CertificateBundle,
        renewed: CertificateBundle,
    ) -> None:
        target.apply(bundle, parameters)
        target.apply(renewed, parameters)
        seen = [_verified(target, parameters, one) for one in (bundle, renewed)]
        assert seen == [False, True]

    def test_undo_puts_the_one_before_back(
        self,
        target: DeploymentTarget,
        parameters: BaseModel,
        bundle: CertificateBundle,
        renewed: CertificateBundle,
        observe: Observe,
    ) -> None:
        target.apply(bundle, parameters)
        before = observe()
        undo = target.apply(renewed, parameters)
        if undo is not None:
            undo()
            assert observe() == before

    def test_undo_of_the_first_leaves_nothing(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle, observe: Observe
    ) -> None:
        before = observe()
        undo = target.apply(bundle, parameters)
        if undo is not None:
            undo()
            assert observe() == before

    def test_threads_at_once_do_what_one_does(
        self, target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle, observe: Observe
    ) -> None:
        target.apply(bundle, parameters)
        by_one = observe()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda _: target.apply(bundle, parameters), range(8)))
        assert observe() == by_one


def _verified(target: DeploymentTarget, parameters: BaseModel, bundle: CertificateBundle) -> bool:
    try:
        target.verify(bundle, parameters)
    except DeploymentFailed:
        return False
    return True


def _key_lines(bundle: CertificateBundle) -> list[str]:
    return [line for line in bundle.private_key_pem.splitlines() if line and not line.startswith("-----")]
