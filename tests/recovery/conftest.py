"""What tests of recovery share."""

from tests.support.own_port import port_is_not_shared  # noqa: F401 - a fixture
