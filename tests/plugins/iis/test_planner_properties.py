"""What the planner promises whatever the sites look like."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from certify_iis.bindings import CENTRAL_STORE, Binding, BindingChange, Certificate, Site, turned_back
from certify_iis.matching import Fit, fit_binding
from certify_iis.options import Options, Wanted
from certify_iis.planner import plan_bindings
from tests.plugins.iis.sites import FOREIGN, NEW, OLD, after

NAMES = ["a.test", "b.test", "*.a.test", "x.a.test", "192.0.2.1"]
HOSTS = ["", "a.test", "b.test", "x.a.test", "y.a.test", "*.a.test", "other.test"]
ADDRESSES = ["*", "192.0.2.1", "192.0.2.2", "[2001:db8::1]"]
CERTIFICATES = [Certificate(), NEW, OLD, FOREIGN]

information = st.builds(
    "{}:{}:{}".format, st.sampled_from(ADDRESSES), st.sampled_from([80, 443, 8443]), st.sampled_from(HOSTS)
)
web = st.builds(
    Binding,
    st.sampled_from(["http", "https", "https"]),
    information,
    st.sampled_from([0, 1, 2, 3, 33]),
    st.sampled_from(CERTIFICATES),
)
others = st.builds(
    Binding, st.sampled_from(["net.tcp", "net.pipe", "ftp"]), st.sampled_from(["808:*", "*", "*:21:a.test"])
)
options = st.builds(
    Options,
    sites=st.sampled_from([(), ("S1",), ("2", "S3")]),
    add=st.booleans(),
    match_host=st.booleans(),
    blank_host=st.booleans(),
    replace_previous=st.booleans(),
    stopped=st.booleans(),
    ip=st.sampled_from(["*", "192.0.2.1", "2001:db8::1"]),
    port=st.sampled_from([443, 8443]),
    flags=st.sampled_from([0, 1]),
    central_store=st.booleans(),
)
wishes = st.builds(
    Wanted,
    st.just(NEW),
    st.lists(st.sampled_from(NAMES), min_size=1, unique=True).map(tuple),
    st.sampled_from([frozenset(), frozenset({OLD.thumbprint})]),
)


def consistent(sites: list[Site]) -> list[Site]:
    """Return the sites as IIS could hold them: no binding twice, and one certificate for an endpoint of http.sys."""
    taken: set[tuple[str, str]] = set()
    shown: dict[tuple[str, int], Certificate] = {}
    cleaned = []
    for site in sites:
        bindings = []
        for binding in site.bindings:
            if binding.key in taken:
                continue
            taken.add(binding.key)
            certificate = Certificate()
            if binding.is_https and not binding.flags & CENTRAL_STORE:
                certificate = shown.setdefault(binding.endpoint, binding.certificate)
            bindings.append(Binding(binding.protocol, binding.information, binding.flags, certificate))
        cleaned.append(Site(site.id, site.name, tuple(bindings), site.started, site.ftp_certificate))
    return cleaned


all_sites = st.lists(
    st.builds(
        Site,
        st.just(0),
        st.just(""),
        st.lists(st.one_of(web, web, others), max_size=6).map(tuple),
        st.booleans(),
        st.sampled_from(CERTIFICATES),
    ),
    max_size=4,
).map(
    lambda found: consistent(
        [Site(n, f"S{n}", s.bindings, s.started, s.ftp_certificate) for n, s in enumerate(found, 1)]
    )
)


@given(all_sites, wishes, options)
def test_planning_again_after_the_changes_gives_none(sites: list[Site], wish: Wanted, chosen: Options) -> None:
    changed = after(sites, plan_bindings(sites, wish, chosen).changes)
    assert plan_bindings(changed, wish, chosen).changes == ()


@given(all_sites, wishes, options, st.randoms(use_true_random=False))
def test_the_order_of_sites_and_bindings_does_not_matter(
    sites: list[Site], wish: Wanted, chosen: Options, chance: random.Random
) -> None:
    shuffled = [
        Site(s.id, s.name, tuple(chance.sample(s.bindings, len(s.bindings))), s.started, s.ftp_certificate)
        for s in sites
    ]
    chance.shuffle(shuffled)
    assert plan_bindings(shuffled, wish, chosen).changes == plan_bindings(sites, wish, chosen).changes


@given(all_sites, wishes, options)
def test_a_binding_that_it_does_not_own_is_as_it_was(sites: list[Site], wish: Wanted, chosen: Options) -> None:
    changed = {site.id: site for site in after(sites, plan_bindings(sites, wish, chosen).changes)}
    for site in sites:
        kept = set(changed[site.id].bindings)
        for binding in site.bindings:
            covered = fit_binding(wish.names, binding) is not Fit.NONE
            owned = (
                covered or binding.certificate.thumbprint in wish.previous or (chosen.blank_host and not binding.host)
            )
            assert owned or binding in kept


@given(all_sites, wishes, options)
def test_protocols_without_certificates_are_never_touched(sites: list[Site], wish: Wanted, chosen: Options) -> None:
    changes = [change for change in plan_bindings(sites, wish, chosen).changes if isinstance(change, BindingChange)]
    touched = {each.protocol for change in changes for each in (change.before, change.after) if each}
    assert touched <= {"https"}


@given(all_sites, wishes, options)
def test_address_port_and_host_of_a_binding_stay(sites: list[Site], wish: Wanted, chosen: Options) -> None:
    changes = [change for change in plan_bindings(sites, wish, chosen).changes if isinstance(change, BindingChange)]
    moved = [change for change in changes if change.before and change.after and change.before.key != change.after.key]
    assert moved == []


@given(all_sites, wishes, options)
def test_flags_stay_unless_the_binding_moves_to_the_central_store(
    sites: list[Site], wish: Wanted, chosen: Options
) -> None:
    changes = [change for change in plan_bindings(sites, wish, chosen).changes if isinstance(change, BindingChange)]
    flags = {
        (c.before.flags, c.after.flags) for c in changes if c.before and c.after and c.before.flags != c.after.flags
    }
    assert not flags or (chosen.central_store and {now for _, now in flags} == {3})


@given(all_sites, wishes, options)
def test_no_two_sites_get_the_same_binding(sites: list[Site], wish: Wanted, chosen: Options) -> None:
    changed = after(sites, plan_bindings(sites, wish, chosen).changes)
    keys = [binding.key for site in changed for binding in site.bindings]
    assert len(keys) == len(set(keys))


@given(all_sites, wishes, options)
def test_what_is_turned_back_is_as_it_was(sites: list[Site], wish: Wanted, chosen: Options) -> None:
    changes = plan_bindings(sites, wish, chosen).changes
    back = after(after(sites, changes), turned_back(after(sites, changes), changes))
    assert [set(site.bindings) for site in back] == [set(site.bindings) for site in sites]
