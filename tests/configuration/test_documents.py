"""What is wrong with documents is told with file, line and column, all of it at once, and nothing is written."""

from __future__ import annotations

import pytest

from tests.support.configuration import Desk

SHOP = """\
kind: ManagedCertificate
name: shop
identifiers: [shop.test]
authority: acme
"""


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (SHOP + "athority: x", "all.yaml:5:1: There is no field athority."),
        (SHOP + "renewal: {at: 5}", "all.yaml:5:11: There is no field renewal.at."),
        (SHOP + "reuse_key: maybe", "all.yaml:5:1: reuse_key: Input should be a valid boolean"),
        (SHOP + "key_type: rsa", "all.yaml:5:1: key_type: Input should be"),
        (SHOP.replace("[shop.test]", "['shop test']"), "all.yaml:3:1: 'shop test' is not"),
        (SHOP.replace("name: shop\n", ""), "all.yaml:1:1: name is missing."),
        (SHOP.replace("acme", "nobody"), "all.yaml:4:1: There is no certificate authority named 'nobody'."),
        (SHOP + "challenge: {provider: mail}", "all.yaml:5:13: There is no challenge provider named 'mail'."),
        (SHOP + "deployments:\n- target: ftp", "all.yaml:6:3: There is no deployment target named 'ftp'."),
        (
            SHOP + "deployments:\n- target: fake\n  parameters: {plaice: x}",
            "all.yaml:7:16: There is no parameter plaice.",
        ),
        (SHOP + "deployments:\n- target: fake\n  credential: none", "all.yaml:7:3: There is no credential none."),
        (SHOP + "deployments:\n- use: nginx", "all.yaml:6:3: There is no Deployment nginx."),
        (
            SHOP + "deployments:\n- use: nginx\n  target: fake",
            "all.yaml:6:3: deployments.0: give either target, or use",
        ),
        (SHOP + f"---\n{SHOP}", "all.yaml:7:1: There is already a ManagedCertificate shop, at all.yaml:1:1."),
        ("kind: Defaults\n---\nkind: Defaults", "all.yaml:3:1: There is already a Defaults defaults"),
        (
            "kind: Authority\nname: acme\ndirectory: https://ca.test/",
            "all.yaml:2:1: acme is an authority that a plugin",
        ),
        ("kind: Authority\nname: house\ndirectory: ca.test", "all.yaml:3:1: directory: give the whole address"),
        ("kind: Account\nauthority: local", "all.yaml:2:1: An authority of a test has no accounts."),
        ("kind: CredentialReference\nname: x\nprovider: y\nparameters: {a: 1}", "all.yaml:3:1: Nothing is named 'y'."),
    ],
)
def test_a_mistake_has_a_place(desk: Desk, text: str, problem: str) -> None:
    desk.write(text)
    found = desk.refusals()
    assert len(found) == 1
    assert found[0].startswith(problem)
    assert desk.names == []


def test_all_mistakes_are_told_at_once(desk: Desk) -> None:
    desk.write(SHOP + "a: 1\nb: 2", "1.yaml")
    desk.write(SHOP.replace("shop", "good"), "2.yaml")
    desk.write(SHOP.replace("acme", "nobody").replace("shop", "third"), "3.yaml")
    assert [text.rpartition(":")[0] for text in desk.refusals()] == ["1.yaml:5:1", "1.yaml:6:1", "3.yaml:4:1"]
    assert desk.names == []


def test_a_mistake_in_a_shared_deployment_is_told_there(desk: Desk) -> None:
    desk.write(SHOP + "deployments: [{use: web}]", "shop.yaml")
    desk.write("kind: Deployment\nname: web\ntarget: fake\nparameters:\n  place: [1]", "shared.yaml")
    assert [text.rpartition(":")[0] for text in desk.refusals()] == ["shared.yaml:5:3: place"]


def test_a_mistake_in_the_defaults_is_told_there(desk: Desk) -> None:
    desk.write(SHOP.replace("authority: acme", ""), "shop.yaml")
    desk.write("kind: Defaults\nauthority: nobody", "defaults.yaml")
    assert desk.refusals() == ["defaults.yaml:2:1: There is no certificate authority named 'nobody'."]


def test_defaults_hold_where_a_certificate_says_nothing_itself(desk: Desk) -> None:
    desk.write(
        "kind: Defaults\nauthority: acme\nreuse_key: true\nrenewal: {automatic: false, at_percent: 50}\n"
        "challenge: {provider: dns}",
        "defaults.yaml",
    )
    desk.write("kind: ManagedCertificate\nname: shop\nidentifiers: ['*.shop.test']\nrenewal: {at_percent: 75}")
    desk.apply()
    settings = desk.settings("shop")
    assert (settings.authority, settings.reuse_key, settings.challenge.provider) == ("acme", True, "dns")
    assert (settings.renewal.automatic, settings.renewal.at_percent) == (False, 75)


def test_the_roots_of_the_defaults_are_for_the_authority_of_the_defaults(desk: Desk) -> None:
    desk.write("roots", "roots.pem")
    desk.write(f"kind: Defaults\nauthority: https://ca.test/\nca_bundle: '{desk.folder / 'roots.pem'}'", "d.yaml")
    desk.write(SHOP)
    desk.apply()
    assert desk.settings("shop").ca_bundle is None


def test_a_shared_deployment_is_used_with_parameters_of_ones_own(desk: Desk) -> None:
    desk.environ = {"WORD": "sesame"}
    desk.write(
        """\
        kind: Deployment
        name: web
        target: fake
        parameters: {place: common, password: {from: environment, name: WORD}}
        """,
        "shared.yaml",
    )
    desk.write(SHOP + "deployments: [{use: web}, {use: web, parameters: {place: mine}}]")
    desk.apply()
    places = [item.parameters["place"] for item in desk.settings("shop").deployments]
    assert places == ["common", "mine"]
    assert all("password" in item.parameters for item in desk.settings("shop").deployments)


def test_documents_may_name_what_is_only_being_made(desk: Desk) -> None:
    desk.environ = {"WORD": "sesame"}
    desk.write("""\
        kind: ManagedCertificate
        name: shop
        identifiers: [shop.test]
        authority: house
        deployments: [{target: fake, credential: word}]
        ---
        kind: CredentialReference
        name: word
        provider: fake
        parameters: {password: {from: environment, name: WORD}}
        ---
        kind: Authority
        name: house
        directory: https://ca.test/directory
        """)
    assert desk.apply() == ["create house", "create word", "create shop"]
    assert desk.engine.wanted.authority("house", None).title == "house"
