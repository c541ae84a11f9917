"""What can be started and when it starts by itself; how Prefect is set up; where the links lead."""

from __future__ import annotations

import os
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound

from flows import announcing, links, prefect_settings
from flows.boards import BY_HAND, MEETING, NIGHT, TODO, WEEK, lay_out_reports, rewrite_boards
from flows.serve import entries, register_all
from tasks.errors import OtherInstallation
from tasks.house import House
from tasks.wakes import installation_key

Wait = Callable[..., Any]


class Server:
    """A Prefect server's work pools, and what was deployed to it."""

    def __init__(self, version: str | None = None) -> None:
        self.pools: dict[str, Any] = {}
        self.deployed: dict[str, RunnerDeployment] = {}
        self._version = version

    async def read_work_pool(self, name: str) -> Any:
        if name not in self.pools:
            raise ObjectNotFound(KeyError(name))
        return self.pools[name]

    async def create_work_pool(self, pool: Any) -> None:
        assert pool.name not in self.pools
        self.pools[pool.name] = pool

    async def update_work_pool(self, name: str, update: Any) -> None:
        self.pools[name].concurrency_limit = update.concurrency_limit

    async def read_deployment_by_name(self, name: str) -> Any:
        if self._version is None:
            raise ObjectNotFound(KeyError(name))
        return SimpleNamespace(version=self._version)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    fresh = Server()

    async def apply(deployment: RunnerDeployment) -> None:
        fresh.deployed[f"{deployment.flow_name}/{deployment.name}"] = deployment

    monkeypatch.setattr(RunnerDeployment, "aapply", apply)
    return fresh


def test_everything_that_can_be_started_is_deployed_and_again_changes_nothing(
    sqlite_house: House, server: Server, wait: Wait
) -> None:
    wait(register_all(server))
    assert set(server.deployed) == {
        *("register/登记", "edit-wish/改心愿"),
        *(
            f"act-on-order/{what}"
            for what in ("改派", "加帮手", "撤单", "恢复", "申请延期", "批准延期")
        ),
        *(f"act-on-order/{what}" for what in ("到账", "支出", "转用款项")),
        *(
            "away/请假代班",
            *("meeting/联席会议", "meeting/周例会"),
            *(
                "register-member/党员报到",
                "register-unit/单位报到",
                "verify-members/核实报到",
                *("join-team/加入队伍", "leave-team/退出队伍"),
            ),
            *("rates/三率", "publish-rates/公布三率", "exclude-rating/不计入三率"),
            *("points/积分", "correct-points/更正积分"),
            "act-on-order/退回一线",
            "act-on-order/回访",
            *("told/已告知", "undelivered/没送到的消息", "choices/提醒设置"),
            *("broadcast/向群众发声", "call-off-broadcast/撤回发声"),
            "order/订单",
        ),
        *("import-file/导入", "register-chat/登记一段群聊", "find/查找"),
        *("reconcile/核对", "outbox/发消息", "nightly/夜间处理", "weekly/周报"),
    }
    assert {one.work_pool_name for one in server.deployed.values()} == {"diandan"}
    assert {one.version for one in server.deployed.values()} == {installation_key()}
    assert all(one.description for one in server.deployed.values())
    assert server.deployed["act-on-order/改派"].parameters == {"what": "改派"}
    wait(register_all(server))
    assert len(server.deployed) == len(entries())
    assert server.pools["diandan"].concurrency_limit == 2


def test_the_clock_starts_the_sweeps_in_local_time_and_one_at_a_time(
    sqlite_house: House, server: Server, wait: Wait
) -> None:
    wait(register_all(server))
    by_clock = {name: one for name, one in server.deployed.items() if one.schedules}
    crons = {"reconcile/核对": "*/10 * * * *"}
    crons |= {"nightly/夜间处理": "30 2 * * *", "weekly/周报": "0 8 * * mon"}
    assert set(by_clock) == set(crons)
    for name, deployment in by_clock.items():
        ((schedule,),) = [[each.schedule for each in deployment.schedules]]
        assert (schedule.cron, schedule.timezone) == (crons[name], "Asia/Shanghai")
        assert deployment.concurrency_limit == 1
        assert deployment.tags == ["定时"]
    assert {entry.schedule for entry in entries() if entry.schedule} == set(
        sqlite_house.catalog.schedules
    )


def test_the_pool_follows_the_settings(
    sqlite_house: House, server: Server, wait: Wait, settle: Callable[..., House]
) -> None:
    wait(register_all(server))
    settle(pool_limit=5)
    wait(register_all(server))
    assert server.pools["diandan"].concurrency_limit == 5
    settle(pool="another")
    wait(register_all(server))
    assert server.pools["another"].type == "process"


def test_a_server_of_another_database_is_not_taken_over(
    sqlite_house: House, server: Server, wait: Wait
) -> None:
    wait(register_all(server, take_over=False))  # nothing of ours is there yet
    server._version = installation_key()
    wait(register_all(server, take_over=False))
    server._version = "0123456789abcdef"
    server.deployed.clear()
    with pytest.raises(OtherInstallation, match="已经在为另一个点单数据库服务"):
        wait(register_all(server, take_over=False))
    assert server.deployed == {}
    wait(register_all(server))  # our own server: an older database of ours
    assert len(server.deployed) == len(entries())


# --- links ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "root"),
    [
        ({}, "http://127.0.0.1:4200"),
        ({"host": "0.0.0.0", "port": 4300}, "http://127.0.0.1:4300"),  # where a browser gets to
        ({"host": "::"}, "http://127.0.0.1:4200"),
        ({"host": "::1"}, "http://[::1]:4200"),
        ({"host": "192.168.1.5"}, "http://192.168.1.5:4200"),
        ({"ui_url": "https://desk.example.org"}, "https://desk.example.org"),
    ],
)
def test_links_lead_to_where_the_ui_is_reached(
    settle: Callable[..., House], settings: dict[str, Any], root: str
) -> None:
    settle(**settings)
    assert links.ui() == root
    assert links.run_link("some-id") == f"{root}/v2/runs/flow-run/some-id"


def test_links_lead_to_the_server_that_the_process_speaks_with(
    settle: Callable[..., House], monkeypatch: pytest.MonkeyPatch
) -> None:
    settle(port=4200)
    monkeypatch.setenv("PREFECT_API_URL", "http://127.0.0.1:4677/api")
    assert links.ui() == "http://127.0.0.1:4677"
    settle(ui_url="https://desk.example.org")
    assert links.ui() == "https://desk.example.org"


def test_all_waiting_runs_are_shown_however_old(sqlite_house: House) -> None:
    query = parse_qs(urlsplit(links.waiting_link()).query)
    assert query["state"] == ["Suspended"]
    assert query["start"] == ["2020-01-01T00:00:00Z"]
    assert query["end"] == ["2099-12-31T00:00:00Z"]


def test_where_to_click_is_said_once_everything_has_started(
    prefect: Any, wait: Wait, capsys: pytest.CaptureFixture[str]
) -> None:
    wait(rewrite_boards(prefect))
    wait(lay_out_reports(prefect))
    announcing.announce()
    said = capsys.readouterr().out
    register = prefect.deployments["register/登记"].id
    (line,) = [line for line in said.splitlines() if "登记新订单" in line]
    assert line.endswith(links.deployment_link(register))
    for board in (TODO, BY_HAND, NIGHT, WEEK, MEETING):
        assert links.artifact_link(prefect.artifacts[board].id) in said
    assert links.deployments_link("窗口") in said
    assert "按 Ctrl-C 停止" in said


# --- Prefect's own settings -------------------------------------------------------------------------


@pytest.fixture
def no_prefect(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing about Prefect is set on this machine."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        monkeypatch.delenv(name)


def test_prefect_has_a_folder_of_its_own_and_phones_nobody(
    no_prefect: None, sqlite_house: House
) -> None:
    wanted = prefect_settings.environment()
    assert wanted["PREFECT_HOME"] == str(sqlite_house.settings.home / "prefect")
    assert wanted["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert wanted["DO_NOT_TRACK"] == "1"
    assert wanted["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert wanted["DIANDAN_DATABASE"] == sqlite_house.database
    assert "PREFECT_API_AUTH_STRING" not in wanted
    assert prefect_settings.is_our_own_server()


def test_a_password_is_asked_by_the_server_and_known_to_the_worker(
    no_prefect: None, settle: Callable[..., House]
) -> None:
    settle(auth_string="desk:geheim")
    wanted = prefect_settings.environment()
    assert wanted["PREFECT_SERVER_API_AUTH_STRING"] == "desk:geheim"
    assert wanted["PREFECT_API_AUTH_STRING"] == "desk:geheim"
    assert wanted["PREFECT_SERVER_API_CSRF_PROTECTION_ENABLED"] == "true"


def test_what_is_set_already_stays_but_the_house_is_the_one_we_are_in(
    no_prefect: None, sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PREFECT_API_URL", "http://prefect.example.org/api")
    monkeypatch.setenv("PREFECT_SERVER_LOGGING_LEVEL", "DEBUG")
    monkeypatch.setenv("DIANDAN_DATABASE", "sqlite:///elsewhere.db")
    wanted = prefect_settings.environment()
    assert wanted["PREFECT_API_URL"] == "http://prefect.example.org/api"
    assert wanted["PREFECT_SERVER_LOGGING_LEVEL"] == "DEBUG"
    assert wanted["DIANDAN_DATABASE"] == sqlite_house.database
    assert not prefect_settings.is_our_own_server()
    monkeypatch.setattr(os, "environ", dict(os.environ))
    prefect_settings.apply_to_this_process()
    assert os.environ["DIANDAN_DATABASE"] == sqlite_house.database
