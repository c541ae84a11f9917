"""Starting, stopping, starting again, and everything that keeps an installation from starting."""

from __future__ import annotations

import shutil
import socket
import sqlite3
import time

import pytest

from flows.serve import entries
from tasks.wakes import carried_orders

pytestmark = pytest.mark.server
GE = "格桑卓玛"
QUICKLY = 30.0  # seconds, on a machine that has other work too


def test_the_server_itself_schedules_what_the_clock_starts(up, wait) -> None:
    by_clock = [f"{entry.flow.name}/{entry.name}" for entry in entries() if entry.schedule]
    assert len(by_clock) >= 2
    for name in by_clock:
        id = up.api.get(f"/deployments/name/{name}").json()["id"]
        found = wait(lambda id=id: up.runs(["SCHEDULED"], deployments={"id": {"any_": [id]}}))
        assert all(run["auto_scheduled"] for run in found)


def test_a_second_start_goes_on_where_the_first_was_stopped(up, wait) -> None:
    number = up.place()
    run = up.waiting(number)
    with up.nobody_working():
        up.answer(run, who=GE)
    assert up.stop() == 0
    assert wait(lambda: not up.processes())
    up.start()
    assert up.waiting(number) == run
    assert up.deeds(number)[1:] == [("accept", "staff-2"), ("assign", "staff-2")]


def test_when_it_was_killed_and_all_that_prefect_knew_is_gone_every_open_order_still_waits_once(
    up, kill, wait
) -> None:
    number, over = up.place(), up.place(("withdraw", {}))
    up.waiting(number)
    kill([up.launcher.pid])
    wait(lambda: not up.processes())
    shutil.rmtree(up.home / "prefect")
    up.start()
    waiting = [run["parameters"]["number"] for run in up.order_runs(["PAUSED"])]
    assert sorted(waiting) == sorted(order.number for order in carried_orders())
    assert number in waiting and over not in waiting
    up.answer(up.waiting(number), who=GE)
    up.waiting(number)
    assert up.deeds(number)[1:] == [("accept", "staff-2"), ("assign", "staff-2")]


def test_an_empty_address_of_prefect_is_none(up, monkeypatch) -> None:
    monkeypatch.setitem(up.environment, "PREFECT_API_URL", "")
    assert up.waiting(up.typed("place", "--kind", "appeal", "--words", "路灯不亮")["number"])


# --- what keeps it from starting ----------------------------------------------------------------


def assert_refuses_to_start(ours, words: str) -> None:
    began = time.monotonic()
    refused = ours.command("up")
    assert time.monotonic() - began < QUICKLY
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert words in refused.stderr and len(refused.stderr.splitlines()) == 1, refused.stderr
    assert not ours.processes()


def test_a_port_in_use_is_named(fresh) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        assert_refuses_to_start(fresh(DIANDAN_PORT=port), port)


def test_a_database_of_a_newer_program_is_left_alone(fresh, _sqlite_template) -> None:
    ours = fresh()
    ours.home.mkdir()
    path = shutil.copy(_sqlite_template, ours.home / "diandan.db")
    with sqlite3.connect(path) as database:
        database.execute("update alembic_version set version_num = '9999'")
        before = list(database.iterdump())
    assert_refuses_to_start(ours, "9999")
    with sqlite3.connect(path) as database:
        assert list(database.iterdump()) == before


def test_a_mistake_in_the_community_is_named_with_its_place(fresh, community) -> None:
    broken = community({"channels.yaml": {"channels": {"mail": {"kind": "pigeon"}}}})
    assert_refuses_to_start(fresh(DIANDAN_CONFIG=str(broken)), "channels.yaml")


def test_a_community_that_is_not_there_is_named(fresh, tmp_path) -> None:
    assert_refuses_to_start(fresh(DIANDAN_CONFIG=str(tmp_path / "nowhere")), "nowhere")


def test_nobody_listens_to_the_whole_network_without_a_password(fresh) -> None:
    assert_refuses_to_start(fresh(DIANDAN_HOST="0.0.0.0"), "DIANDAN_AUTH_STRING")


# --- on a database server -----------------------------------------------------------------------


def test_on_postgresql_an_order_is_placed_and_answered(fresh, empty_postgres, move_in_to) -> None:
    with empty_postgres() as url:
        ours = fresh(DIANDAN_DATABASE=url)
        ours.start()
        try:
            number = ours.typed("place", "--kind", "appeal", "--words", "路灯不亮")["number"]
            with move_in_to(ours):
                ours.answer(ours.waiting(number), who=GE)
                ours.waiting(number)
                assert ours.deeds(number)[1:] == [("accept", "staff-2"), ("assign", "staff-2")]
        finally:
            ours.stop()
