"""A folder in git says what is wanted, and the service follows: by `certify apply`, or by watching it itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.beside import run_on_linux
from tests.support.processes import installed
from tests.support.service import Ended, Service
from tests.support.waiting import eventually

WORD = "nobody-may-read-this"
DEFAULTS = {"kind": "Defaults", "authority": "local", "renewal": {"automatic": False}}
SHOP = {"kind": "ManagedCertificate", "name": "shop", "identifiers": ["shop.localhost", "www.shop.localhost"]}
MAIL = {"kind": "ManagedCertificate", "name": "mail", "identifiers": ["mail.localhost"], "key_type": "rsa-2048"}
PFX = {
    "kind": "CredentialReference",
    "name": "pfx",
    "provider": "files",
    "parameters": {"pfx": "bundle.pfx", "pfx_password": {"from": "environment", "name": "PFX_WORD"}},
}

Files = dict[str, list[dict[str, Any]]]


class Repository:
    """A folder of configuration files under git."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self._git("init", "--quiet", "--initial-branch=main")

    def commit(self, files: Files) -> None:
        """Make the folder have exactly these files, and commit that."""
        for path in self.folder.rglob("*.yaml"):
            path.unlink()
        for name, documents in files.items():
            path = self.folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_text(yaml.safe_dump_all(documents), encoding="utf-8")
        self._git("add", "--all")
        self._git("-c", "user.name=A", "-c", "user.email=a@localhost", "commit", "--quiet", "--message", "Change")

    def commits(self) -> list[str]:
        """Return all commits, the first first."""
        return self._git("rev-list", "--reverse", "main").split()

    def check_out(self, commit: str) -> None:
        """Have the folder as it was at a commit."""
        self._git("checkout", "--quiet", commit)

    def _git(self, *arguments: str) -> str:
        return run_on_linux(installed("git", "git"), "-C", self.folder, *arguments)


def history(place: Path) -> list[Files]:
    """Return what the files say from commit to commit: more, less, shared, changed, moved and deleted."""
    shared = {"kind": "Deployment", "name": "web", "target": "files", "credential": "pfx"}
    shop = {**SHOP, "deployments": [{"use": "web", "parameters": {"dir": str(place)}}]}
    return [
        {"defaults.yaml": [DEFAULTS], "shop.yaml": [SHOP]},
        {"defaults.yaml": [DEFAULTS], "shop.yaml": [SHOP], "mail.yaml": [MAIL]},
        {"all.yaml": [DEFAULTS, PFX, shared, shop], "mail.yaml": [{**MAIL, "key_type": "rsa-3072"}]},
        {"all.yaml": [{**DEFAULTS, "key_type": "ecdsa-p384"}, PFX, shared], "shops/shop.yaml": [shop]},
        {"all.yaml": [{**DEFAULTS, "key_type": "ecdsa-p384"}], "shop.yaml": [SHOP, MAIL]},
    ]


def said(folder: Path) -> dict[str, Any]:
    """Return what the files in a folder say, put together by hand."""
    documents = [item for path in folder.rglob("*.yaml") for item in yaml.safe_load_all(path.read_text("utf-8"))]
    of = {kind: [item for item in documents if item["kind"] == kind] for kind in {item["kind"] for item in documents}}
    (defaults,) = of["Defaults"]
    shared = {item["name"]: item for item in of.get("Deployment", [])}
    found: dict[str, Any] = {item["name"]: sorted(item["parameters"]) for item in of.get("CredentialReference", [])}
    for item in of["ManagedCertificate"]:
        found[item["name"]] = {
            "identifiers": item["identifiers"],
            "authority": item.get("authority", defaults["authority"]),
            "key_type": item.get("key_type", defaults.get("key_type", "ecdsa-p256")),
            "automatic": defaults["renewal"]["automatic"],
            "deployments": [
                [shared[place["use"]]["target"], place["parameters"], shared[place["use"]]["credential"]]
                for place in item.get("deployments", [])
            ],
        }
    return found


def kept(service: Service) -> dict[str, Any]:
    """Return what the service has, in the same form."""
    credentials = service.call("GET", "/api/credentials").body["credentials"]
    found: dict[str, Any] = {item["id"]: sorted(item["parameters"]) for item in credentials}
    for line in service.call("GET", "/api/managedcertificates").body["items"]:
        answer = service.call("GET", f"/api/managedcertificates/{line['id']}")
        if answer.status == 404:
            continue  # deleted just now
        settings = answer.body["settings"]
        found[settings["name"]] = {
            "identifiers": settings["identifiers"],
            "authority": settings["authority"],
            "key_type": settings["key_type"],
            "automatic": settings["renewal"]["automatic"],
            "deployments": [
                [item["target"], item["parameters"], item["credential"]] for item in settings["deployments"]
            ],
        }
    return found


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    """An empty folder under git."""
    return Repository(tmp_path / "repository")


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Service]:
    """A service with a secret in its environment."""
    service = Service(tmp_path / "data", environment={"PFX_WORD": WORD}).configure().start()
    yield service
    service.close()


def apply(service: Service, folder: Path, *options: str) -> Ended:
    """Apply a folder by the command line."""
    return service.certify("apply", "-f", str(folder), *options)


def test_the_service_follows_commit_after_commit(running: Service, repository: Repository, tmp_path: Path) -> None:
    for files in history(tmp_path / "tls"):
        repository.commit(files)
        ended = apply(running, repository.folder, "--prune")
        assert (ended.code, ended.err) == (0, "")
        assert kept(running) == said(repository.folder)
        again = apply(running, repository.folder, "--prune")
        assert again.out.startswith("Nothing to do:")


def test_a_watched_folder_is_followed_commit_after_commit(repository: Repository, tmp_path: Path) -> None:
    for files in history(tmp_path / "tls"):
        repository.commit(files)
    first, *later = repository.commits()
    repository.check_out(first)
    service = Service(tmp_path / "data", environment={"PFX_WORD": WORD})
    service.configure(configFolder=str(repository.folder), configFolderPrune=True).start()
    try:
        eventually(lambda: kept(service) == said(repository.folder))
        for commit in later:
            repository.check_out(commit)
            eventually(lambda: kept(service) == said(repository.folder))
        (repository.folder / "all.yaml").write_text("kind: [")
        eventually(lambda: "config-document-broken" in codes(service))
        assert kept(service)["shop"]["authority"] == "local"
        audited = service.call("GET", "/api/audit").body["requests"]
        assert "create ManagedCertificate shop" in audited[-1]["fields"]["changes"]
        assert WORD not in str(audited)
    finally:
        service.close()


def test_a_folder_behind_links_is_the_same_for_the_service_and_the_command(
    repository: Repository, tmp_path: Path
) -> None:
    repository.commit({"shop.yaml": [{**SHOP, "authority": "local", "renewal": {"automatic": False}}]})
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "data").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "data" / "current").symlink_to(repository.folder)
    service = Service(tmp_path / "data").configure(configFolder="current").start()
    try:
        eventually(lambda: "shop" in kept(service))
        assert apply(service, tmp_path / "data" / "current").out.startswith("Nothing to do:")
    finally:
        service.close()


def test_what_is_in_a_folder_that_may_not_be_read_any_more_stays(repository: Repository, tmp_path: Path) -> None:
    repository.commit({"shops/shop.yaml": [{**SHOP, "authority": "local", "renewal": {"automatic": False}}]})
    setpriv = installed("setpriv", "util-linux")
    service = Service(tmp_path / "data", before=[setpriv, "--bounding-set=-all"])
    service.configure(configFolder=str(repository.folder), configFolderPrune=True).start()
    closed = repository.folder / "shops"
    try:
        eventually(lambda: "shop" in kept(service))
        closed.chmod(0)
        (repository.folder / "mail.yaml").write_text(yaml.safe_dump({**MAIL, "authority": "local"}))
        eventually(lambda: "mail" in kept(service) and "config-document-broken" in codes(service))
        assert "shop" in kept(service)
    finally:
        closed.chmod(0o700)
        service.close()


def codes(service: Service) -> set[str]:
    """Return the codes of all findings."""
    return {item["code"] for item in service.call("GET", "/api/health/findings").body["findings"]}


def test_a_second_service_is_built_from_the_export_alone(
    running: Service, repository: Repository, tmp_path: Path
) -> None:
    repository.commit(history(tmp_path / "tls")[2])
    apply(running, repository.folder)
    house = {"kind": "Authority", "name": "house", "directory": "https://ca.localhost/directory", "staging": True}
    (tmp_path / "house.yaml").write_text(yaml.safe_dump(house))
    assert apply(running, tmp_path / "house.yaml").code == 0
    ended = running.certify("export", "-o", str(tmp_path / "export"))
    assert ended.code == 0
    text = "".join(path.read_text("utf-8") for path in (tmp_path / "export").rglob("*.yaml"))
    assert WORD not in text
    variable = "CERTIFY_SECRET_CREDENTIALREFERENCE_PFX_PFX_PASSWORD"
    assert f"# Set {variable} " in text
    second = Service(tmp_path / "second", environment={variable: WORD}).configure().start()
    try:
        assert apply(second, tmp_path / "export").code == 0
        assert kept(second) == kept(running)
        ids = [item["id"] for item in second.call("GET", "/api/authorities").body["authorities"]]
        assert "house" in ids
    finally:
        second.close()


def test_what_is_applied_is_requested_and_deployed(running: Service, tmp_path: Path) -> None:
    place = tmp_path / "tls"
    wanted = {**SHOP, "authority": "local", "deployments": [{"target": "files", "parameters": {"dir": str(place)}}]}
    (tmp_path / "shop.json").write_text(json.dumps(wanted))
    assert apply(running, tmp_path / "shop.json").code == 0
    eventually((place / "fullchain.pem").exists)


def test_a_mistake_has_its_place_and_nothing_is_applied(service: Service, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(f"kind: ManagedCertificate\nname: {name}\nidentifiers: [{name}]\nathority: x\n")
    ended = apply(service, tmp_path)
    assert ended.code == 2
    assert "a.yaml:4:1: There is no field athority. Do you mean authority?" in ended.err
    as_json = apply(service, tmp_path, "--json")
    assert as_json.json["error"]["problems"][0]["line"] == 4
    assert service.certify("show", name).code == 4


def test_a_change_by_hand_ends_with_the_exit_code_of_conflicts(service: Service, name: str, tmp_path: Path) -> None:
    wanted = (
        f"kind: ManagedCertificate\nname: {name}\nidentifiers: [{name}]\nauthority: local\nrenewal: {{automatic: no}}"
    )
    (tmp_path / "a.yaml").write_text(wanted.replace("no}", "false}"))
    assert apply(service, tmp_path).code == 0
    assert service.certify("edit", name, "--reuse-key").code == 0
    ended = apply(service, tmp_path)
    assert ended.code == 5
    assert ended.out.startswith(
        f"conflict  ManagedCertificate {name}  (a.yaml:1)\n          Changed by hand: reuse_key."
    )
    assert apply(service, tmp_path, "--force").code == 0


def test_a_plan_for_machines(service: Service, name: str, tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text(
        f'kind = "ManagedCertificate"\nname = "{name}"\nidentifiers = ["{name}"]\nauthority = "local"\n'
    )
    (step,) = apply(service, tmp_path, "--dry-run", "--json").json["steps"]
    assert (step["action"], step["file"], step["line"]) == ("create", "a.toml", 1)
    assert service.certify("show", name).code == 4


def test_secrets_are_neither_answered_nor_audited(running: Service, tmp_path: Path) -> None:
    (tmp_path / "pfx.yaml").write_text(yaml.safe_dump(PFX))
    ended = apply(running, tmp_path / "pfx.yaml", "--json")
    audited = running.certify("audit", "list", "--json").out
    assert "/api/configuration/apply" in audited
    assert WORD not in ended.out + audited


def test_an_export_replaces_no_file_unless_it_may(service: Service, name: str, tmp_path: Path) -> None:
    service.call("POST", "/api/managedcertificates", {"identifiers": [name], "renewal": {"automatic": False}})
    assert service.certify("export", "-o", str(tmp_path)).code == 0
    refused = service.certify("export", "-o", str(tmp_path))
    assert refused.code == 5
    assert "is there already" in refused.err
    assert service.certify("export", "-o", str(tmp_path), "--force").code == 0


def test_a_large_folder_is_taken_at_once(service: Service, tmp_path: Path) -> None:
    documents = [
        {
            "kind": "ManagedCertificate",
            "name": f"many {number}",
            "identifiers": [f"n{number}.localhost"],
            "order": {"profile": "x" * 1000},
        }
        for number in range(1500)
    ]
    (tmp_path / "many.json").write_text(json.dumps(documents))
    ended = apply(service, tmp_path, "--dry-run", "--json")
    assert len(ended.json["steps"]) == 1500
