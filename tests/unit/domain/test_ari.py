"""The window in which an authority wants a certificate renewed: the moment in it, and when it is read again."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certify_core.domain.ari import (
    DAY,
    HOUR,
    MINUTE,
    READ_EVERY,
    RenewalInformation,
    Suggestion,
    begun,
    missed,
    read,
)

NOW = 1_800_000_000.0
FRESH = begun("AQ.Ag", NOW, None)
OVER = Suggestion(NOW - 2 * DAY, NOW - DAY)


def chosen(information: RenewalInformation) -> float:
    """Return the chosen moment."""
    assert information.window is not None
    return information.window.chosen


def wait(information: RenewalInformation) -> float:
    """Return the seconds until the next reading."""
    return information.next_check_at - NOW


@given(ari_id=st.text(max_size=30), start=st.floats(0, 3e10), length=st.floats(1e-3, 1e9))
def test_the_chosen_moment_is_inside_the_window(ari_id: str, start: float, length: float) -> None:
    information = read(begun(ari_id, NOW, None), Suggestion(start, start + length), NOW)
    assert start <= chosen(information) <= start + length


def test_the_same_window_keeps_its_moment_whenever_it_is_read() -> None:
    first = read(FRESH, Suggestion(NOW, NOW + DAY), NOW)
    again = read(first, Suggestion(NOW, NOW + DAY), NOW + HOUR)
    assert chosen(again) == chosen(first)


def test_a_restart_chooses_no_other_moment() -> None:
    first = read(FRESH, Suggestion(NOW, NOW + DAY), NOW)
    restored = RenewalInformation.model_validate_json(FRESH.model_dump_json())
    assert chosen(read(restored, Suggestion(NOW, NOW + DAY), NOW + HOUR)) == chosen(first)


def test_another_window_has_another_moment() -> None:
    first = read(FRESH, Suggestion(NOW, NOW + DAY), NOW)
    second = read(first, Suggestion(NOW + DAY, NOW + 2 * DAY), NOW + HOUR)
    assert NOW + DAY <= chosen(second) <= NOW + 2 * DAY


def test_certificates_of_one_window_have_moments_all_over_it() -> None:
    window = Suggestion(NOW, NOW + DAY)
    moments = [chosen(read(begun(f"AQ.{number}", NOW, None), window, NOW)) for number in range(200)]
    quarters = {int((moment - NOW) / DAY * 4) for moment in moments}
    assert (len(set(moments)), quarters) == (200, {0, 1, 2, 3})


def test_an_explanation_that_comes_later_is_taken_without_another_moment() -> None:
    first = read(FRESH, Suggestion(NOW, NOW + DAY), NOW)
    second = read(first, Suggestion(NOW, NOW + DAY, "https://ca.test/incident"), NOW + HOUR)
    assert first.window is not None
    assert second.window == first.window.model_copy(update={"explanation_url": "https://ca.test/incident"})


@pytest.mark.parametrize(
    ("asked", "least", "most"),
    [
        (None, 0.9 * READ_EVERY, READ_EVERY),
        (0.0, MINUTE, 1.1 * MINUTE),
        (30.0, MINUTE, 1.1 * MINUTE),
        (HOUR, HOUR, 1.1 * HOUR),
        (DAY, DAY, 1.1 * DAY),
        (30 * DAY, DAY, 1.1 * DAY),
    ],
    ids=["nothing said", "at once", "half a minute", "an hour", "a day", "a month"],
)
def test_it_is_read_again_as_the_authority_asks_within_reason(asked: float | None, least: float, most: float) -> None:
    information = read(FRESH, Suggestion(NOW, NOW + DAY, retry_after=asked), NOW)
    assert least <= wait(information) <= most


def test_readings_of_many_certificates_are_spread() -> None:
    moments = {read(begun(f"AQ.{number}", NOW, None), OVER, NOW).next_check_at for number in range(50)}
    assert len(moments) == 50


def test_failed_readings_are_repeated_ever_more_slowly_and_every_six_hours_in_the_end() -> None:
    information, waits = FRESH, []
    for _ in range(7):
        information = missed(information, "It does not answer.", None, NOW)
        waits.append(wait(information))
    expected = [MINUTE, 4 * MINUTE, 16 * MINUTE, 64 * MINUTE, READ_EVERY, READ_EVERY, READ_EVERY]
    assert waits == [pytest.approx(1.03 * each, rel=0.03) for each in expected]


def test_a_failed_reading_waits_as_long_as_the_authority_asks() -> None:
    assert wait(missed(FRESH, "Too many requests.", 2 * HOUR, NOW)) >= 2 * HOUR


def test_a_failed_reading_leaves_the_window_as_it_is_and_says_why() -> None:
    first = read(FRESH, Suggestion(NOW, NOW + DAY), NOW)
    second = missed(first, "It does not answer.", None, NOW + HOUR)
    assert (second.window, second.stale, second.problem) == (first.window, False, "It does not answer.")


def test_a_reading_that_succeeds_forgets_those_that_failed() -> None:
    healed = read(missed(FRESH, "It does not answer.", None, NOW), Suggestion(NOW, NOW + DAY), NOW)
    assert (healed.failures, healed.problem) == (0, None)


def test_a_window_that_could_not_be_read_for_half_a_day_is_stale_until_it_is_read() -> None:
    late = Suggestion(NOW + 50 * DAY, NOW + 51 * DAY)
    stale = missed(read(FRESH, late, NOW), "It does not answer.", None, NOW + DAY / 2)
    assert (stale.stale, read(stale, late, NOW + DAY).stale) == (True, False)


def test_a_stale_window_makes_no_renewal_later_but_an_earlier_one_still_counts() -> None:
    stale = missed(read(FRESH, Suggestion(NOW, NOW + DAY), NOW), "It does not answer.", None, NOW + DAY)
    moment = chosen(stale)
    assert (stale.moment(own=moment - 1), stale.moment(own=moment + 1)) == (None, moment)


def test_an_authority_that_suggests_nothing_any_more_takes_its_window_back() -> None:
    assert read(read(FRESH, Suggestion(NOW, NOW + DAY), NOW), None, NOW).window is None


def test_a_window_in_the_past_means_now() -> None:
    assert chosen(read(FRESH, OVER, NOW)) <= NOW


def test_who_calls_every_new_certificate_overdue_gets_ever_fewer_orders() -> None:
    information, waits = read(FRESH, OVER, NOW), []
    for _ in range(8):
        information = read(begun("AQ.Ag", NOW, information), OVER, NOW)
        waits.append((chosen(information) - NOW) / HOUR)
    assert waits == [1, 2, 4, 8, 16, 24, 24, 24]


def test_a_certificate_with_a_sound_window_ends_that() -> None:
    sound = read(begun("AQ.Ag", NOW, read(FRESH, OVER, NOW)), Suggestion(NOW + DAY, NOW + 2 * DAY), NOW)
    assert chosen(read(begun("AQ.Ag", NOW, sound), OVER, NOW)) <= NOW


def test_a_window_that_moves_into_the_past_means_now_whatever_was_before() -> None:
    sound = read(begun("AQ.Ag", NOW, read(FRESH, OVER, NOW)), Suggestion(NOW + DAY, NOW + 2 * DAY), NOW)
    assert chosen(read(sound, OVER, NOW + HOUR)) <= NOW
