"""What every `ChallengeProvider` has to keep, as tests that a plugin author's test class inherits.

    class TestMyProvider(ChallengeProviderContract):
        @pytest.fixture
        def provider(self):
            return MyProvider()

        @pytest.fixture
        def parameters(self, provider, server):
            return provider.parameters(url=server.url)

        @pytest.fixture
        def observe(self, server):
            return lambda: server.records()

Nothing is presented when a test begins. `challenge` and `other` are two challenges for `app.test`; override the fixture
`name` if the provider can answer only for names of its own.
"""

from __future__ import annotations

import dataclasses
import secrets
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from pydantic import BaseModel, ValidationError

from certify_core.api import Challenge, ChallengeFailed, ChallengeProvider, parse_identifier

Observe = Callable[[], object]
"""Looks at the place where answers appear; two results are equal exactly if the same answers are there."""


def new_challenge(name: str, challenge_type: str) -> Challenge:
    """Return a challenge for a name, with a new token and an account key's thumbprint made up."""
    token = secrets.token_urlsafe(32)
    return Challenge(parse_identifier(name), challenge_type, token, f"{token}.{secrets.token_urlsafe(32)}")


class ChallengeProviderContract:
    """Inherit, give `provider`, `parameters` and `observe`, and every test below has to pass."""

    @pytest.fixture
    def provider(self) -> ChallengeProvider:
        """Return the provider."""
        raise NotImplementedError("override the fixture `provider`")

    @pytest.fixture
    def parameters(self) -> BaseModel:
        """Return an instance of the provider's model that names a place where nothing is presented yet."""
        raise NotImplementedError("override the fixture `parameters`")

    @pytest.fixture
    def observe(self) -> Observe:
        """Return how to look at the place that `parameters` name."""
        raise NotImplementedError("override the fixture `observe`")

    @pytest.fixture
    def name(self) -> str:
        """Return a DNS name that the provider can answer for."""
        return "app.test"

    @pytest.fixture
    def challenge(self, provider: ChallengeProvider, name: str) -> Challenge:
        """Return a challenge."""
        return new_challenge(name, provider.challenge_type)

    @pytest.fixture
    def other(self, provider: ChallengeProvider, name: str) -> Challenge:
        """Return a challenge of another order, for the same name."""
        return new_challenge(name, provider.challenge_type)

    def test_it_keeps_the_protocol(self, provider: ChallengeProvider) -> None:
        assert isinstance(provider, ChallengeProvider)

    def test_it_answers_a_type_of_challenge_that_there_is(self, provider: ChallengeProvider) -> None:
        assert provider.challenge_type in {"http-01", "dns-01", "tls-alpn-01"}

    def test_every_parameter_is_described(self, provider: ChallengeProvider) -> None:
        fields = provider.parameters.model_fields
        assert [name for name, field in fields.items() if not field.description] == []

    def test_an_unknown_parameter_is_refused(self, provider: ChallengeProvider, parameters: BaseModel) -> None:
        with pytest.raises(ValidationError, match="no_such_parameter"):
            provider.parameters.model_validate({**parameters.model_dump(), "no_such_parameter": "1"})

    def test_the_check_fails_before_the_answer_is_presented(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge
    ) -> None:
        with pytest.raises(ChallengeFailed) as failed:
            provider.check(challenge, parameters)
        assert failed.value.remedy

    def test_the_check_passes_once_the_answer_is_presented(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge
    ) -> None:
        before_it_did = _checked(provider, parameters, challenge)
        provider.present(challenge, parameters)
        after_it_did = _checked(provider, parameters, challenge)
        provider.clean_up(challenge, parameters)
        assert (before_it_did, after_it_did) == (False, True)

    def test_the_check_fails_for_the_answer_of_another_account(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge
    ) -> None:
        provider.present(challenge, parameters)
        checked = _checked(provider, parameters, _of_another_account(challenge))
        provider.clean_up(challenge, parameters)
        assert not checked

    def test_a_failed_check_does_not_tell_the_answer(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge
    ) -> None:
        with pytest.raises(ChallengeFailed) as failed:
            provider.check(challenge, parameters)
        assert challenge.key_authorization not in str(failed.value)

    def test_checking_changes_nothing(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, observe: Observe
    ) -> None:
        provider.present(challenge, parameters)
        before = observe()
        provider.check(challenge, parameters)
        after = observe()
        provider.clean_up(challenge, parameters)
        assert after == before

    def test_presenting_again_changes_nothing(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, observe: Observe
    ) -> None:
        provider.present(challenge, parameters)
        before = observe()
        provider.present(challenge, parameters)
        after = observe()
        provider.clean_up(challenge, parameters)
        assert after == before

    def test_cleaning_up_leaves_nothing(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, observe: Observe
    ) -> None:
        before = observe()
        provider.present(challenge, parameters)
        provider.clean_up(challenge, parameters)
        assert observe() == before

    def test_what_was_presented_twice_is_cleaned_up_once(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, observe: Observe
    ) -> None:
        before = observe()
        provider.present(challenge, parameters)
        provider.present(challenge, parameters)
        provider.clean_up(challenge, parameters)
        assert observe() == before

    def test_cleaning_up_what_was_never_presented_changes_nothing(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, observe: Observe
    ) -> None:
        before = observe()
        provider.clean_up(challenge, parameters)
        assert observe() == before

    def test_what_was_cleaned_up_can_be_presented_again(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge
    ) -> None:
        provider.present(challenge, parameters)
        provider.clean_up(challenge, parameters)
        provider.present(challenge, parameters)
        checked = _checked(provider, parameters, challenge)
        provider.clean_up(challenge, parameters)
        assert checked

    def test_two_answers_for_one_name_are_visible_together(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, other: Challenge
    ) -> None:
        for one in (challenge, other):
            provider.present(one, parameters)
        checked = [_checked(provider, parameters, one) for one in (challenge, other)]
        for one in (challenge, other):
            provider.clean_up(one, parameters)
        assert checked == [True, True]

    def test_cleaning_up_leaves_the_answers_of_other_orders(
        self, provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge, other: Challenge
    ) -> None:
        for one in (challenge, other):
            provider.present(one, parameters)
        provider.clean_up(challenge, parameters)
        checked = [_checked(provider, parameters, one) for one in (challenge, other)]
        provider.clean_up(other, parameters)
        assert checked == [False, True]

    def test_threads_at_once_do_not_disturb_each_other(
        self, provider: ChallengeProvider, parameters: BaseModel, name: str, observe: Observe
    ) -> None:
        def work(challenge: Challenge) -> None:
            provider.present(challenge, parameters)
            provider.check(challenge, parameters)
            provider.clean_up(challenge, parameters)

        before = observe()
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(work, [new_challenge(name, provider.challenge_type) for _ in range(32)]))
        assert observe() == before


def _of_another_account(challenge: Challenge) -> Challenge:
    return dataclasses.replace(challenge, key_authorization=f"{challenge.token}.{secrets.token_urlsafe(32)}")


def _checked(provider: ChallengeProvider, parameters: BaseModel, challenge: Challenge) -> bool:
    try:
        provider.check(challenge, parameters)
    except ChallengeFailed:
        return False
    return True
