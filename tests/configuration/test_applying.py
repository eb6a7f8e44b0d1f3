"""Applying: once is enough, one document at a time, all is checked before, and what others have made stays."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding

from certify_core.errors import InvalidInput
from tests.support.configuration import Desk, desk_in, done
from tests.support.stores import issue

SHOP = """\
kind: ManagedCertificate
name: shop
identifiers: [shop.test]
authority: acme
deployments: [{target: fake, parameters: {place: here}}]
"""
MAIL = SHOP.replace("shop", "mail")
WORD = """\
kind: CredentialReference
name: word
provider: fake
parameters: {place: there}
"""
HOUSE = "kind: Authority\nname: house\ndirectory: https://ca.test/directory\n"


def signing_request(name: str) -> str:
    """Return a signing request for a name, in PEM."""
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([])).add_extension(names, critical=False)
    return builder.sign(ec.generate_private_key(ec.SECP256R1()), SHA256()).public_bytes(Encoding.PEM).decode()


def test_a_second_time_there_is_nothing_to_do(desk: Desk) -> None:
    desk.write(f"{HOUSE}---\n{WORD}---\n{SHOP}")
    assert desk.apply() == ["create house", "create word", "create shop"]
    version = desk.store.certificates.get(desk.store.certificates.ids_named("shop")[0]).version
    assert desk.apply() == ["unchanged house", "unchanged word", "unchanged shop"]
    assert desk.store.certificates.get(desk.store.certificates.ids_named("shop")[0]).version == version


def test_a_plan_changes_nothing(desk: Desk) -> None:
    desk.write(SHOP)
    assert done(desk.plan()) == ["create shop"]
    assert desk.names == []


def test_a_changed_file_changes_that_field(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    desk.write(SHOP.replace("here", "there"))
    (step,) = desk.plan().steps
    assert [(change.field, change.before, change.after) for change in step.changes] == [
        ("deployments.0.parameters.place", "here", "there")
    ]
    assert desk.apply() == ["change shop"]
    assert desk.settings("shop").deployments[0].parameters == {"place": "there"}


def test_a_name_is_known_whatever_file_it_is_in(desk: Desk) -> None:
    desk.write(SHOP, "a.yaml")
    desk.apply()
    (desk.folder / "a.yaml").rename(desk.folder / "b.yaml")
    assert desk.apply(prune=True) == ["unchanged shop"]
    (desk.folder / "b.yaml").unlink()
    desk.write(MAIL, "c.yaml")
    assert desk.apply(prune=True) == ["create mail", "delete shop"]


def test_what_is_in_no_file_any_more_stays_unless_it_is_pruned(desk: Desk) -> None:
    desk.write(f"{SHOP}---\n{MAIL}")
    desk.apply()
    desk.write(SHOP)
    assert desk.apply() == ["unchanged shop", "left mail"]
    assert desk.names == ["mail", "shop"]
    assert desk.apply(prune=True) == ["unchanged shop", "delete mail"]
    assert desk.names == ["shop"]
    assert desk.apply(prune=True) == ["unchanged shop"]


def test_what_nobody_has_applied_is_never_pruned(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    desk.engine.create(desk.settings("shop").model_copy(update={"name": "by hand"}))
    desk.write(MAIL)
    assert desk.apply(prune=True, force=True) == ["create mail", "delete shop"]
    assert desk.names == ["by hand", "mail"]


def test_one_of_the_same_name_is_not_deleted_in_the_place_of_another(desk: Desk) -> None:
    desk.write(f"{SHOP}---\n{MAIL}")
    desk.apply()
    wanted = desk.settings("shop")
    desk.delete_by_hand("shop")
    desk.engine.create(wanted)
    desk.write(MAIL)
    assert desk.apply(prune=True, force=True) == ["unchanged mail", "release shop"]
    assert desk.names == ["mail", "shop"]


def test_an_empty_folder_deletes_nothing(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    (desk.folder / "all.yaml").unlink()
    with pytest.raises(InvalidInput, match="There is no document in"):
        desk.apply(prune=True)
    assert desk.names == ["shop"]
    assert desk.apply(prune=True, force=True) == ["delete shop"]


def test_a_change_by_hand_is_shown_and_not_overwritten(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    desk.change_by_hand("shop", reuse_key=True)
    desk.write(SHOP.replace("here", "there"))
    (step,) = desk.plan().steps
    assert step.reason == "Changed by hand: reuse_key."
    assert desk.apply() == ["conflict shop"]
    assert desk.settings("shop").reuse_key is True
    assert desk.settings("shop").deployments[0].parameters == {"place": "here"}
    assert desk.apply(force=True) == ["change shop"]
    assert desk.settings("shop").reuse_key is False
    assert desk.apply() == ["unchanged shop"]


def test_a_change_by_hand_that_the_file_follows_is_none_any_more(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    desk.change_by_hand("shop", reuse_key=True)
    desk.write(f"{SHOP}reuse_key: true")
    assert desk.apply() == ["unchanged shop"]
    desk.write(SHOP)
    assert desk.apply() == ["change shop"]


def test_what_was_deleted_by_hand_is_not_made_again_unless_it_is_forced(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    desk.delete_by_hand("shop")
    assert desk.apply() == ["conflict shop"]
    assert desk.apply(force=True) == ["create shop"]
    assert desk.apply() == ["unchanged shop"]


def test_what_was_changed_by_hand_is_not_pruned_unless_it_is_forced(desk: Desk) -> None:
    desk.write(f"{SHOP}---\n{MAIL}")
    desk.apply()
    desk.change_by_hand("mail", reuse_key=True)
    desk.write(SHOP)
    assert desk.apply(prune=True) == ["unchanged shop", "conflict mail"]
    assert desk.apply(prune=True, force=True) == ["unchanged shop", "delete mail"]


def test_what_exists_already_is_a_conflict_unless_it_is_as_it_is_wanted(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    wanted = desk.settings("shop")
    desk.delete_by_hand("shop")
    desk.engine.create(wanted.model_copy(update={"name": "mail"}))
    desk.write(MAIL)
    assert desk.apply() == ["conflict mail", "left shop"]
    desk.write(SHOP.replace("name: shop", "name: mail"))
    assert desk.apply() == ["adopt mail", "left shop"]


def test_two_folders_do_not_fight_over_one_name(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    desk.write(SHOP.replace("here", "there"))
    assert desk.apply(source="/elsewhere") == ["conflict shop"]
    assert desk.apply(source="/elsewhere", force=True) == ["change shop"]
    assert desk.apply() == ["conflict shop"]


def test_a_file_applied_alone_stays_part_of_its_folder(desk: Desk) -> None:
    desk.write(f"{SHOP}---\n{MAIL}")
    desk.apply()
    desk.write(SHOP)
    desk.apply(source=str(desk.folder / "all.yaml"))
    assert desk.apply(prune=True) == ["unchanged shop", "delete mail"]


def test_a_step_that_fails_harms_no_other(desk: Desk) -> None:
    desk.write("kind: Account\nauthority: https://127.0.0.1:1/directory\n", "account.yaml")
    desk.write(SHOP, "shop.yaml")
    assert desk.apply() == ["failed https://127.0.0.1:1/directory", "create shop"]
    assert desk.apply() == ["failed https://127.0.0.1:1/directory", "unchanged shop"]


def test_what_others_use_is_not_deleted(desk: Desk) -> None:
    desk.write(f"{WORD}---\n{HOUSE}---\n{MAIL}")
    desk.apply()
    used = {"authority": "house", "name": "by hand"}
    place = desk.settings("mail").deployments[0].model_copy(update={"credential": "word"})
    desk.engine.create(desk.settings("mail").model_copy(update={**used, "deployments": (place,)}))
    desk.write(MAIL)
    assert desk.apply(prune=True) == ["unchanged mail", "conflict word", "conflict house"]


def test_an_authority_that_is_not_there_any_more_cannot_be_chosen(desk: Desk) -> None:
    desk.write(f"{HOUSE}---\n{MAIL}")
    desk.apply()
    desk.write(MAIL)
    desk.apply(prune=True)
    desk.write(MAIL.replace("acme", "house"))
    assert desk.refusals() == ["all.yaml:4:1: There is no certificate authority named 'house'."]


def test_an_authority_that_was_named_is_there_after_a_restart(tmp_path: Path) -> None:
    with desk_in(tmp_path) as desk:
        desk.write(HOUSE)
        desk.apply()
        again = Desk(desk.store, tmp_path / "data", desk.folder)
    assert again.engine.wanted.authority("house", None).title == "house"


def test_a_trusted_certificate_is_not_replaced_by_one_for_tests(desk: Desk) -> None:
    desk.write(SHOP)
    desk.apply()
    issue(desk.store, desk.store.certificates.get(desk.store.certificates.ids_named("shop")[0]))
    desk.write(f"{HOUSE}staging: true\n---\n{SHOP.replace('acme', 'house')}")
    assert desk.refusals()[0].startswith("all.yaml:9:1: shop has a certificate that is trusted")


def test_a_signing_request_takes_no_key_from_the_defaults(desk: Desk) -> None:
    desk.write("kind: Defaults\nkey_type: rsa-2048\nreuse_key: true", "defaults.yaml")
    indented = signing_request("shop.test").replace("\n", "\n  ")
    desk.write(f"kind: ManagedCertificate\nname: shop\nauthority: acme\ncsr: |\n  {indented}\n")
    assert desk.apply() == ["create shop"]
    assert desk.settings("shop").identifiers == ("shop.test",)
