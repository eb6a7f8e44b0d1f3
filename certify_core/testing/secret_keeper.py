"""What every keeper of secrets must do, as tests.

class TestMyKeeper(SecretKeeperContract):
    @pytest.fixture
    def keeper(self):
        return MyKeeper()
"""

from __future__ import annotations

import pytest

from certify_core.contracts import SecretKeeper
from certify_core.errors import CertifyError

SECRET = bytes(range(64))


class SecretKeeperContract:
    """Inherit, and give the fixture `keeper`."""

    @pytest.fixture
    def keeper(self) -> SecretKeeper:
        """Return the keeper under test."""
        raise NotImplementedError("Give the fixture keeper.")

    def test_it_keeps_the_protocol(self, keeper: SecretKeeper) -> None:
        assert isinstance(keeper, SecretKeeper)

    def test_what_is_protected_can_be_had_again(self, keeper: SecretKeeper) -> None:
        assert keeper.unprotect(keeper.protect(SECRET)) == SECRET

    def test_what_is_protected_does_not_show_the_secret(self, keeper: SecretKeeper) -> None:
        assert SECRET[:16] not in keeper.protect(SECRET)

    def test_what_is_damaged_is_refused_with_a_remedy(self, keeper: SecretKeeper) -> None:
        protected = bytearray(keeper.protect(SECRET))
        protected[len(protected) // 2] ^= 0xFF
        with pytest.raises(CertifyError) as refused:
            keeper.unprotect(bytes(protected))
        assert refused.value.remedy

    def test_what_it_never_protected_is_refused(self, keeper: SecretKeeper) -> None:
        with pytest.raises(CertifyError):
            keeper.unprotect(SECRET)
