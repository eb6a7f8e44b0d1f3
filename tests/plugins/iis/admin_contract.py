"""What every `IisAdmin` keeps; the one in memory and the one over COM pass the same tests."""

from __future__ import annotations

from typing import Protocol

import pytest

from certify_core.api import DeploymentFailed
from certify_iis.administration import ConfigurationChanged, IisAdmin, carry_out
from certify_iis.bindings import (
    CENTRAL_STORE,
    SNI,
    Binding,
    BindingChange,
    Change,
    FtpChange,
    Site,
    https_binding,
    turned_back,
)
from certify_iis.options import Options
from certify_iis.planner import plan_bindings
from tests.plugins.iis.sites import FOREIGN, NEW, OLD, http, https, site, wanted


class Iis(IisAdmin, Protocol):
    """An IIS that tests can prepare."""

    commits: int
    refused: str
    locked: bool

    def set_sites(self, *sites: Site) -> None: ...
    def somebody_adds(self, *sites: Site) -> None: ...
    def remove_site(self, number: int) -> None: ...


APP = site(http("*:80:app.test"), https("*:443:app.test", 33, OLD), Binding("net.tcp", "808:*"))
OTHER = site(https("192.0.2.1:443:", 0, FOREIGN), number=2)
REBIND = BindingChange(1, "Site 1", https("*:443:app.test", 33, OLD), https("*:443:app.test", 33, NEW))
ADD = BindingChange(2, "Site 2", None, https_binding("*", 8443, "new.test", SNI, NEW))


class IisAdminContract:
    """Inherit and give the fixture `iis`."""

    @pytest.fixture
    def iis(self) -> Iis:
        raise NotImplementedError("override the fixture `iis`")

    @pytest.fixture(autouse=True)
    def prepared(self, iis: Iis) -> None:
        iis.set_sites(APP, OTHER)

    def test_sites_are_read_with_bindings_flags_and_certificates(self, iis: Iis) -> None:
        assert list(iis.sites()) == [APP, OTHER]

    def test_a_stopped_site_and_the_certificate_of_an_ftp_site_are_read(self, iis: Iis) -> None:
        stopped = site(Binding("ftp", "*:21:"), started=False, ftp=OLD)
        iis.set_sites(stopped)
        assert list(iis.sites()) == [stopped]

    def test_a_certificate_is_replaced_and_all_else_stays(self, iis: Iis) -> None:
        iis.apply([REBIND], iis.version())
        assert [set(each.bindings) for each in iis.sites()] == [
            {http("*:80:app.test"), https("*:443:app.test", 33, NEW), Binding("net.tcp", "808:*")},
            set(OTHER.bindings),
        ]

    def test_bindings_are_added_and_removed(self, iis: Iis) -> None:
        iis.apply([ADD, BindingChange(2, "Site 2", OTHER.bindings[0], None)], iis.version())
        assert list(iis.sites()[1].bindings) == [ADD.after]

    def test_the_certificate_of_an_ftp_site_is_replaced(self, iis: Iis) -> None:
        iis.set_sites(site(Binding("ftp", "*:21:"), ftp=OLD))
        iis.apply([FtpChange(1, "Site 1", OLD, NEW)], iis.version())
        assert iis.sites()[0].ftp_certificate == NEW

    def test_a_binding_is_moved_to_the_central_store(self, iis: Iis) -> None:
        central = https("*:443:app.test", SNI | CENTRAL_STORE)
        iis.apply([BindingChange(1, "Site 1", REBIND.before, central)], iis.version())
        assert central in iis.sites()[0].bindings

    def test_two_bindings_without_sni_show_one_certificate(self, iis: Iis) -> None:
        iis.set_sites(site(https("*:443:a.test", 0, OLD)), site(https("*:443:b.test", 0, OLD), number=2))
        iis.apply(plan_bindings(iis.sites(), wanted("a.test", "b.test"), Options()).changes, iis.version())
        assert [each.bindings[0].certificate for each in iis.sites()] == [NEW, NEW]

    def test_removing_a_binding_leaves_the_certificate_that_another_one_shares(self, iis: Iis) -> None:
        iis.set_sites(site(https("*:443:a.test", 0, OLD), https("*:443:b.test", 0, OLD)))
        iis.apply([BindingChange(1, "Site 1", https("*:443:a.test", 0, OLD), None)], iis.version())
        assert list(iis.sites()[0].bindings) == [https("*:443:b.test", 0, OLD)]

    def test_all_changes_are_one_commit(self, iis: Iis) -> None:
        before = iis.commits
        more = [BindingChange(1, "Site 1", None, https_binding("*", 443, f"{n}.test", SNI, NEW)) for n in range(5)]
        iis.apply([ADD, *more], iis.version())
        assert iis.commits - before == 1

    def test_the_version_stays_while_nothing_changes(self, iis: Iis) -> None:
        assert iis.version() == iis.version()

    @pytest.mark.parametrize("change", [REBIND, ADD], ids=["certificate", "binding"])
    def test_the_version_changes_with_every_change(self, iis: Iis, change: Change) -> None:
        before = iis.version()
        iis.apply([change], before)
        assert iis.version() != before

    def test_an_old_version_is_refused_and_nothing_changes(self, iis: Iis) -> None:
        old = iis.version()
        iis.apply([ADD], old)
        before = list(iis.sites())
        with pytest.raises(ConfigurationChanged):
            iis.apply([REBIND], old)
        assert list(iis.sites()) == before

    def test_a_change_by_somebody_else_just_before_the_commit_is_kept(self, iis: Iis) -> None:
        iis.somebody_adds(site(http("*:80:third.test"), number=3))
        with pytest.raises(ConfigurationChanged):
            iis.apply([ADD], iis.version())
        assert [len(each.bindings) for each in iis.sites()] == [3, 1, 1]

    def test_a_change_that_was_crossed_is_made_again(self, iis: Iis) -> None:
        iis.somebody_adds(site(http("*:80:third.test"), number=3))
        pauses: list[float] = []
        carry_out(iis, lambda _: [ADD], pauses.append)
        assert (len(pauses), ADD.after in iis.sites()[1].bindings) == (1, True)

    def test_it_gives_up_when_it_is_crossed_every_time(self, iis: Iis) -> None:
        iis.somebody_adds(*(site(http("*:80:third.test"), number=number) for number in range(3, 20)))
        with pytest.raises(ConfigurationChanged) as failed:
            carry_out(iis, lambda _: [ADD], lambda _: None)
        assert failed.value.remedy

    def test_a_site_that_is_gone_is_refused(self, iis: Iis) -> None:
        iis.remove_site(1)
        with pytest.raises(ConfigurationChanged):
            iis.apply([REBIND], iis.version())

    def test_a_refused_certificate_leaves_everything_as_it_was(self, iis: Iis) -> None:
        before = list(iis.sites())
        iis.refused = FOREIGN.thumbprint
        refused = BindingChange(1, "Site 1", None, https_binding("*", 443, "z.test", SNI, FOREIGN))
        with pytest.raises(DeploymentFailed) as failed:
            iis.apply([REBIND, ADD, refused], iis.version())
        assert (bool(failed.value.remedy), list(iis.sites())) == (True, before)

    def test_a_locked_configuration_is_said_and_nothing_changes(self, iis: Iis) -> None:
        iis.locked = True
        with pytest.raises(DeploymentFailed, match="locked"):
            iis.apply([ADD], iis.version())
        assert list(iis.sites()) == [APP, OTHER]

    def test_what_was_made_is_turned_back(self, iis: Iis) -> None:
        iis.apply([REBIND, ADD], iis.version())
        iis.apply(turned_back(iis.sites(), [REBIND, ADD]), iis.version())
        assert [set(each.bindings) for each in iis.sites()] == [set(APP.bindings), set(OTHER.bindings)]

    def test_what_somebody_changed_since_is_not_turned_back(self, iis: Iis) -> None:
        iis.apply([REBIND], iis.version())
        assert REBIND.after is not None
        theirs = https("*:443:app.test", 33, FOREIGN)
        iis.apply([BindingChange(1, "Site 1", REBIND.after, theirs)], iis.version())
        assert turned_back(iis.sites(), [REBIND], only_ours=True) == []
