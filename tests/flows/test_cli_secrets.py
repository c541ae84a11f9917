"""A setting written wrongly is named, and never shown: it may be a password."""

from __future__ import annotations

import pytest

PASSWORD = "geheim77"


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("DATABASE", f"postgresql://desk:{PASSWORD}@127.0.0.1:1/none"),  # nobody listens
        ("DATABASE", f"postgresql://desk:{PASSWORD}@127.0.0.1:12x/none"),  # no port
        ("DATABASE", f"postgresql://desk:a@{PASSWORD}@127.0.0.1:1/none"),  # taken for the host
        ("DATABASE", f"postgresql://desk@127.0.0.1:1/none?password={PASSWORD}"),
        ("DATABASE", f"desk:{PASSWORD}@127.0.0.1"),
        ("CHANNELS", f'{{"mail": "mailtos://desk:{PASSWORD}@example.org'),
        ("CHANNELS", PASSWORD),
        ("CHANNELS__MAIL__URL", PASSWORD),
        ("PORT", PASSWORD),
    ],
)
def test_no_error_of_the_command_line_shows_a_secret(command, monkeypatch, setting, value) -> None:
    monkeypatch.setenv(f"DIANDAN_{setting}", value)
    said = command("orders")
    assert (said.code, said.out) == (2, "")
    assert said.error.count("\n") == 1
    assert PASSWORD not in said.error


def test_a_channel_url_that_is_none_is_not_shown(command, monkeypatch) -> None:
    monkeypatch.setenv("DIANDAN_CHANNELS__MAIL", f"mailtos://desk:{PASSWORD}[@host:99x")
    checked, read = command("check"), command("check", "--json")
    assert (checked.code, read.code) == (0, 0)
    assert PASSWORD not in checked.out + checked.error + read.out + read.error
