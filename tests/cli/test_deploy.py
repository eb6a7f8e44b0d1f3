"""`certify deploy` and `certify verify`: the current certificate is put in place again, and looked at where it is."""

from __future__ import annotations

import socket
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.support.service import Service

Deployed = Callable[..., str]


@pytest.fixture
def deployed(service: Service) -> Deployed:
    """Have a certificate deployed to folders, with whatever else its first one takes; return its name."""

    def make(*folders: Path, more: str = "", code: int = 0) -> str:
        name = f"{uuid.uuid4().hex}.test"
        places = [f"--deploy=files:dir={folder}{more if not index else ''}" for index, folder in enumerate(folders)]
        assert service.certify("request", name, "--ca", "local", *places, "--wait").code == code
        return name

    return make


def state(service: Service, name: str) -> Any:
    """Return all that is kept about a certificate."""
    return service.certify("show", name, "--json").json


def contents(folder: Path) -> dict[str, bytes]:
    """Return the files of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()} if folder.exists() else {}


def test_what_somebody_has_changed_is_put_back_without_a_new_certificate(
    service: Service, deployed: Deployed, site: Path
) -> None:
    name = deployed(site)
    before, issued = contents(site), state(service, name)["issued"]
    (site / "fullchain.pem").write_text("vandalised")
    ended = service.certify("deploy", name)
    assert (ended.code, contents(site), state(service, name)["issued"]) == (0, before, issued)
    assert [line[2:22].strip() for line in ended.out.splitlines()] == ["deployed", "verified"]


def test_a_deployment_that_has_failed_is_done_at_once_and_not_at_the_next_renewal(
    service: Service, deployed: Deployed, site: Path, tmp_path: Path
) -> None:
    """W16b of the original: after a failed deployment nothing tried it again before the next renewal."""
    name = deployed(site, more=f",reload=test -e {tmp_path / 'mended'}", code=1)
    failed = state(service, name)["deployments"][0]["status"]
    (tmp_path / "mended").touch()
    assert (failed, service.certify("deploy", name).code, state(service, name)["status"]) == ("failed", 0, "healthy")


def test_a_deployment_that_fails_again_ends_with_1_and_says_why(
    service: Service, deployed: Deployed, site: Path
) -> None:
    name = deployed(site, more=",reload=false", code=1)
    ended = service.certify("deploy", name)
    assert (ended.code, "deployment failed" in ended.out, "false" in ended.out) == (1, True, True)


def test_one_target_is_deployed_to_whatever_is_wrong_with_the_others(
    service: Service, deployed: Deployed, tmp_path: Path
) -> None:
    name = deployed(tmp_path / "bad", tmp_path / "good", more=",reload=false", code=1)
    good = state(service, name)["deployments"][1]["id"]
    (tmp_path / "good" / "cert.pem").unlink()
    ended = service.certify("deploy", name, "--target", good, "--json")
    assert (ended.code, ended.json["deployments"][0]["outcome"]) == (0, "succeeded")
    assert (tmp_path / "good" / "cert.pem").exists()
    assert not (tmp_path / "bad").exists()


def test_without_waiting_it_ends_at_once(service: Service, deployed: Deployed, site: Path) -> None:
    ended = service.certify("deploy", deployed(site), "--no-wait")
    assert (ended.code, "1 started" in ended.out) == (0, True)


def test_a_preview_is_one_nothing_is_done_and_no_counter_grows(
    service: Service, deployed: Deployed, site: Path, tmp_path: Path
) -> None:
    """W19 of the original: its preview ran the real tasks and updated failure counters."""
    name = deployed(site, more=f",reload=touch {tmp_path / 'reloaded'}")
    (tmp_path / "reloaded").unlink()
    (site / "cert.pem").unlink()
    files, kept = contents(site), state(service, name)
    ended = service.certify("deploy", name, "--preview")
    assert (ended.code, contents(site), state(service, name)) == (0, files, kept)
    assert not (tmp_path / "reloaded").exists()
    lines = [line.split()[1:] for line in ended.out.splitlines()]
    assert ["files", "write", str(site / "cert.pem"), "new"] in [line[:4] for line in lines]
    assert ["files", "run", "touch", str(tmp_path / "reloaded")] in [line[:4] for line in lines]


def test_a_preview_is_json_for_machines(service: Service, deployed: Deployed, site: Path) -> None:
    (certificate,) = service.certify("deploy", deployed(site), "--preview", "--json").json["certificates"]
    (deployment,) = certificate["deployments"]
    assert {change["detail"] for change in deployment["changes"]} == {"unchanged"}


def test_a_target_that_cannot_plan_ends_a_preview_with_1(
    service: Service, deployed: Deployed, site: Path, tmp_path: Path
) -> None:
    name = deployed(site, tmp_path / "other")
    for file in site.iterdir():
        file.unlink()
    site.rmdir()
    site.write_text("in the way")
    ended = service.certify("deploy", name, "--preview")
    assert (ended.code, "is a file, not a folder" in ended.err, str(tmp_path / "other") in ended.out) == (1, True, True)


def test_what_is_served_is_told_and_nothing_is_changed(service: Service, deployed: Deployed, site: Path) -> None:
    name = deployed(site)
    (site / "chain.pem").write_text("vandalised")
    files, kept = contents(site), state(service, name)
    ended = service.certify("verify", name)
    assert (ended.code, "chain.pem" in ended.out, "Deploy again" in ended.err) == (1, True, True)
    assert (contents(site), state(service, name)) == (files, kept)


def test_what_is_in_place_everywhere_ends_with_0(service: Service, deployed: Deployed, site: Path) -> None:
    ended = service.certify("verify", deployed(site), "--json")
    assert (ended.code, [item["verified"] for item in ended.json["certificates"]]) == (0, [True])


def test_one_place_can_be_verified_alone(service: Service, deployed: Deployed, tmp_path: Path) -> None:
    name = deployed(tmp_path / "one", tmp_path / "two")
    (tmp_path / "one" / "cert.pem").unlink()
    first, second = (item["id"] for item in state(service, name)["deployments"])
    codes = [service.certify("verify", name, "--target", one).code for one in (first, second)]
    assert codes == [1, 0]


def test_everything_can_be_deployed_and_verified_at_once(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    try:
        for name in ("a.test", "b.test"):
            service.certify("request", name, "--ca", "local", "--deploy", f"files:dir={tmp_path / name}", "--wait")
        service.certify("request", "nowhere.test", "--ca", "local", "--wait")
        (tmp_path / "b.test" / "cert.pem").unlink()
        codes = [service.certify(command, "--all").code for command in ("verify", "deploy", "verify")]
        assert codes == [1, 0, 0]
    finally:
        service.close()


def test_a_server_that_does_not_answer_keeps_no_service_from_ending(tmp_path: Path) -> None:
    service = Service(tmp_path / "data").start()
    with socket.create_server(("127.0.0.1", 0)) as silent, ThreadPoolExecutor() as others:
        place = f"files:dir={tmp_path / 'site'},verify=127.0.0.1:{silent.getsockname()[1]},verify_timeout=3600"
        service.certify("request", "slow.test", "--ca", "local", "--deploy", place)
        silent.accept()  # the deployment itself
        looking = others.submit(service.certify, "verify", "slow.test", timeout=120)
        silent.accept()
        assert (service.stop(timeout=60), looking.result().code) == (0, 3)


@pytest.mark.parametrize("verb", ["deploy", "verify", "test"])
def test_none_of_these_is_a_get(service: Service, verb: str) -> None:
    """W6 of the original: deploying was a GET, which any web page can have a browser send."""
    assert service.call("GET", f"/api/managedcertificates/any/{verb}").status == 405
