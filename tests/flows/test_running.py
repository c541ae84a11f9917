"""How a command finds the installation that serves its database, and no other."""

from __future__ import annotations

from collections.abc import Callable

from flows.running import running_api, say_running
from tasks.house import House

API = "http://127.0.0.1:4200/api"


def test_the_installation_of_this_database_is_found_until_it_ends(sqlite_house: House) -> None:
    assert running_api() is None
    say_running(API)
    assert running_api() == API
    say_running(None)
    say_running(None)  # twice does no harm
    assert running_api() is None


def test_one_of_another_database_is_none_of_ours(
    sqlite_house: House, new_house: Callable[[], House]
) -> None:
    say_running(API)
    new_house()
    assert running_api() is None


def test_what_is_written_down_holds_no_password(settle: Callable[..., House]) -> None:
    here = settle(database="postgresql+psycopg://desk:geheim@127.0.0.1/diandan")
    say_running(API)
    assert running_api() == API
    assert "geheim" not in (here.settings.home / "server.json").read_text(encoding="utf-8")


def test_half_a_file_is_none(sqlite_house: House) -> None:
    (sqlite_house.settings.home / "server.json").write_text('{"api": "http', encoding="utf-8")
    assert running_api() is None
