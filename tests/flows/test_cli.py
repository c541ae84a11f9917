"""The command line as a program that knows nothing of our code would use it: words in, JSON or one sentence out."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from sqlalchemy import text

from config.settings import ROOT
from tasks.clock import utc_now
from tasks.db import engine_for

Command = Callable[..., Any]
MONDAY = "2026-09-14T10:00+08:00"
LAMP = ("--kind", "appeal", "--words", "三号院门口的路灯不亮", "--grid", "grid-3")
LONG = "灯" * 100_000


@pytest.fixture
def lamp(command: Command) -> Callable[..., str]:
    """Places a dark street lamp on Monday in a test's database; gives the number."""
    command("init", "--purpose", "test")

    def place(*more: str) -> str:
        placed = command("--at", MONDAY, "place", *LAMP, *more)
        return str(placed.json["number"])

    return place


@pytest.fixture
def refused(command: Command) -> Callable[..., str]:
    """The one sentence of a command that ends with 2 and prints nothing else."""

    def sentence(*arguments: str) -> str:
        said = command(*arguments)
        assert (said.code, said.out) == (2, ""), said
        assert said.error.count("\n") == 1, said.error
        return str(said.error).strip()

    return sentence


# --- what is printed ------------------------------------------------------------------------------


def test_a_program_places_an_order_and_reads_all_of_it(command: Command) -> None:
    command("init", "--purpose", "test")
    placed = command(
        *("--at", MONDAY, "place", *LAMP, "--place", "东门", "--category", "供电照明"),
        *("--resident", "居民甲", "--phone", "139 0000 0001", "--source", "portal"),
        *("--external-id", "p-1", "--urgency", "urgent", "--json"),
    ).json
    found = command("order", "a-2026-0001", "--json").json
    assert found == placed
    (received,) = found.pop("messages")[:1]
    assert found == {
        "number": "A-2026-0001",
        "kind": "appeal",
        "status": "placed",
        "version": 1,
        "round": 1,
        "grid": "grid-3",
        "category": "street-light",
        "urgency": "urgent",
        "handler": None,
        "member": None,
        "placed_at": "2026-09-14T02:00:00+00:00",
        "due_at": "2026-09-14T04:00:00+00:00",  # two hours to accept it
        "next_due_at": "2026-09-14T04:00:00+00:00",
        "rung": 0,
        "words": "三号院门口的路灯不亮",
        "place": "东门",
        "source": "portal",
        "before": None,
        "clock_changes": [],
        "hold_until": None,
        "merged_into": None,
        "closed_at": None,
        "helpers": [],
        "edits": [],
        "history": [
            {
                "at": "2026-09-14T02:00:00+00:00",
                "action": "place",
                "from": None,
                "to": "placed",
                "actor": "resident",
                "reason": "",
                "round": 1,
                "inputs": {
                    "kind": "appeal",
                    "grid": "grid-3",
                    "category": "street-light",
                    "urgency": "urgent",
                    "source": "portal",
                    "external_id": "p-1",
                },
            }
        ],
    }
    assert {key: received[key] for key in ("event", "audience", "channel", "state")} == {
        "event": "order_placed",
        "audience": "resident",
        "channel": "by-hand",
        "state": "queued",
    }
    assert "已收到您的诉求“三号院门口的路灯不亮”，编号 A-2026-0001" in received["body"]


def test_the_same_external_id_twice_is_one_order(command: Command) -> None:
    first = command("place", *LAMP, "--source", "portal", "--external-id", "p-1").json
    again = command("place", *LAMP, "--source", "portal", "--external-id", "p-1").json
    assert again == first
    assert len(command("orders", "--json").json) == 1


def test_a_whole_life_with_names_and_ids_alike(lamp: Callable[..., str], command: Command) -> None:
    number = lamp("--by", "洛桑罗布")
    for by, action, *more in (
        ("洛桑罗布", "accept", "--set", "category=供电照明", "--set", "grid=第三网格"),
        ("staff-1", "assign", "--to", "供电所"),
        ("供电所", "take"),
        ("unit-power", "claim", "--to", "边巴德吉"),
        ("边巴德吉", "contact", "--reason", "电话约好"),
        ("m-241", "report", "--reason", "灯头坏了", "--set", "tell_resident=yes"),
        ("m-241", "finish", "--reason", "换了灯头"),
        ("格桑卓玛", "rate", "--set", "grade=satisfied", "--set", "solved=yes"),
    ):
        shown = command("--at", MONDAY, "act", number, action, "--by", by, *more, "--json").json
    assert (shown["status"], shown["handler"], shown["member"]) == ("closed", "unit-power", "m-241")
    assert [(row["action"], row["from"], row["to"], row["actor"]) for row in shown["history"]] == [
        ("place", None, "placed", "staff-1"),
        ("accept", "placed", "accepted", "staff-1"),
        ("assign", "accepted", "assigned", "staff-1"),
        ("take", "assigned", "taken", "unit-power"),
        ("claim", "taken", "claimed", "unit-power"),
        ("contact", "claimed", "claimed", "m-241"),
        ("report", "claimed", "claimed", "m-241"),
        ("finish", "claimed", "done", "m-241"),
        ("rate", "done", "closed", "staff-2"),
    ]


def test_a_resident_rates_by_the_link_that_the_message_holds(
    lamp: Callable[..., str], command: Command, refused: Callable[..., str]
) -> None:
    number = lamp("--resident", "居民甲", "--phone", "13900000001")
    for action, *more in (
        ("accept",),
        ("assign", "--to", "unit-power"),
        ("take",),
        ("claim", "--to", "m-241"),
        ("finish", "--reason", "换了灯头"),
    ):
        done = command("--at", MONDAY, "act", number, action, "--by", "staff-1", *more).json
    (letter,) = (m["body"] for m in done["messages"] if m["event"] == "order_done")
    (link,) = (line for line in letter.splitlines() if line.startswith("https://"))
    token = link.rsplit("/", 1)[1]
    opinion = ("--grade", "unsatisfied", "--solved", "no", "--comment", "晚上还是不亮")
    rated = command("--at", MONDAY, "rate", token, *opinion, "--json").json
    assert (rated["status"], rated["round"]) == ("taken", 2)
    assert rated["history"][-1]["reason"] == "居民评价：不满意，未解决。晚上还是不亮"
    later = ("--at", "2026-09-14T10:05+08:00")
    assert "这一轮已经评价过了" in refused(*later, "rate", token, *opinion)
    assert "请写明原因" in refused(
        *("--at", MONDAY, "act", _done_again(command, number), "rate", "--by", "staff-2"),
        *("--set", "grade=unsatisfied", "--set", "solved=no"),
    )


def _done_again(command: Command, number: str) -> str:
    command("--at", MONDAY, "act", number, "claim", "--by", "staff-1", "--to", "m-241")
    again = ("finish", "--by", "staff-1", "--reason", "换了电缆")
    assert command("--at", MONDAY, "act", number, *again).json["status"] == "done"
    return number


def test_orders_are_listed_by_status_kind_and_grid(
    lamp: Callable[..., str], command: Command, refused: Callable[..., str]
) -> None:
    lamp()
    command("--at", MONDAY, "place", "--kind", "small_wish", "--words", "想要一盏台灯")
    command("--at", MONDAY, "act", "S-2026-0001", "accept", "--by", "staff-1")

    def numbers(*wanted: str) -> list[str]:
        return [order["number"] for order in command("orders", *wanted, "--json").json]

    assert numbers() == ["A-2026-0001", "S-2026-0001"]
    assert numbers("--status", "accepted") == ["S-2026-0001"]
    assert numbers("--kind", "appeal") == ["A-2026-0001"]
    assert numbers("--grid", "grid-3") == numbers("--grid", "第三网格") == ["A-2026-0001"]
    assert numbers("--grid", "grid-1") == []
    assert numbers("路灯") == numbers("a-2026-1") == ["A-2026-0001"]
    assert numbers("--words", "台灯", "--open", "--older-than", "0") == ["S-2026-0001"]
    assert numbers("--handler", "unit-power", "--phone", "0001", "--number", "A-2026-0001") == []
    assert refused("orders", "--grid", "grid-99") == "没有网格“grid-99”，是否想写“grid-1”。"


def test_messages_are_listed_by_state_and_sent(lamp: Callable[..., str], command: Command) -> None:
    lamp("--resident", "居民甲", "--phone", "13900000001")
    everything = command("messages", "--json").json
    assert [(m["order"], m["audience"], m["state"]) for m in everything] == [
        ("A-2026-0001", "resident", "queued"),
        ("A-2026-0001", "coordinators", "suppressed"),
    ]
    assert command("messages", "--state", "queued", "--json").json == everything[:1]
    assert command("--at", MONDAY, "send", "--json").json == {}  # nobody is written to by a robot
    assert command("send").out == "没有要做的。\n"


def test_what_was_sent_is_counted(
    lamp: Callable[..., str], command: Command, mailbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANDAN_CHANNELS__MAIL", mailbox.url)
    lamp("--channel", "电子邮件", "--address", "jia@example.org")
    assert command("send").out == "accepted 1\n"
    assert [letter.to for letter in mailbox.letters] == [["jia@example.org"]]
    (told, _desk) = command("messages", "--json").json
    assert (told["channel"], told["state"], told["attempts"]) == ("mail", "accepted", 1)


def test_a_person_reads_tables(lamp: Callable[..., str], command: Command) -> None:
    lamp("--place", "[red]东门[/red]")
    head, line = command("orders").out.splitlines()
    until = head.index("期限")
    assert cell_len(head[:until]) == cell_len(line[: line.index("09-")])  # under each other
    assert command("orders", "--grid", "grid-1").out.split() == head.split()  # none is no error
    shown = command("order", "A-2026-0001").out
    assert "[red]东门[/red]" in shown  # as it was typed: no markup of the table's
    assert "三号院门口的路灯不亮" in shown
    assert "洛桑罗布" not in shown
    assert "社区干部 社区干部" in command("messages").out
    assert "ask_extension" in command("lifecycle").out


def test_the_contract_is_printed_as_data(command: Command) -> None:
    printed = command("lifecycle", "--json").json
    assert set(printed) == {"rows", "actions"}
    assert printed["rows"][0] == {
        "kind": "appeal",
        "from": "",
        "action": "place",
        "to": "placed",
    }
    assert {tuple(row) for row in printed["rows"]} == {("kind", "from", "action", "to")}
    actions = printed["actions"]
    assert {row["action"] for row in printed["rows"]} == set(actions)
    assert actions["reassign"] == [
        {"key": "to", "required": True, "type": "handler"},
        {"key": "reason", "required": True, "type": "text"},
    ]
    assert actions["hold"] == [
        {"key": "reason", "required": True, "type": "text"},
        {"key": "date", "required": True, "type": "date"},
    ]
    assert actions["rate"] == [
        {
            "key": "grade",
            "required": True,
            "type": "choice",
            "values": ["satisfied", "basically", "unsatisfied"],
        },
        {"key": "solved", "required": True, "type": "boolean"},
        {"key": "reason", "required": False, "type": "text"},
    ]
    found = {(key["key"], key["type"]) for keys in actions.values() for key in keys}
    assert found == {
        *((name, "text") for name in ("words", "place", "source", "external_id", "resident")),
        *((name, "text") for name in ("phone", "address", "reason", "instead", "helpers")),
        *((name, "text") for name in ("donor", "pledge", "voucher")),
        ("asked_at", "time"),
        *((name, "choice") for name in ("kind", "urgency", "grade")),
        *((name, "boolean") for name in ("consent", "tell_resident", "anonymous", "solved")),
        *((name, name) for name in ("grid", "category", "channel", "language", "yuan", "date")),
        *(("to", whom) for whom in ("handler", "member", "order")),
        ("helpers", "members"),
    }


def test_a_community_without_mistakes_is_summed_up(command: Command) -> None:
    assert command("check").out == (
        "配置没有错误：示范社区，网格 10 个，服务队 8 支 186 人，共建单位 23 家，类别 16 个，渠道 4 个。\n"
    )
    ids = command("check", "--json").json
    assert ids["ok"] is True
    assert ids["staff"] == ["staff-1", "staff-2", "staff-3"]
    assert (len(ids["grids"]), len(ids["handlers"]), len(ids["members"])) == (10, 42, 279)


def test_check_warns_of_a_channel_that_swallows_refusals_and_does_not_fail(
    command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANDAN_CHANNELS__WEBHOOK", "dingtalk://secret-key")
    said = command("check")
    assert said.code == 0
    assert said.out.startswith("配置没有错误：")
    assert "\n注意：渠道“对接系统”用的 dingtalk:// 看不到对方拒收" in said.out
    assert "secret" not in said.out
    (sentence,) = command("check", "--json").json["warnings"]
    assert "dingtalkrobot://" in sentence


# --- databases and their purpose ------------------------------------------------------------------


def test_the_first_command_makes_an_empty_database_a_production_one(
    command: Command, refused: Callable[..., str]
) -> None:
    assert command("orders", "--json").json == []
    assert command("init").out == "数据库已就绪，用途：正式。\n"
    assert refused("--at", MONDAY, "orders") == "这个数据库标记为“正式”，不能用 --at 拨动时间。"
    assert "标记为“正式”，不能改成“测试”" in refused("init", "--purpose", "test")


def test_a_test_database_stays_one_and_its_clock_can_be_moved(command: Command) -> None:
    for _ in range(2):
        assert command("init", "--purpose", "test").out == "数据库已就绪，用途：测试。\n"
    local = command("--at", "2026-12-31T23:59", "place", *LAMP).json
    assert (local["number"], local["placed_at"]) == ("A-2026-0001", "2026-12-31T15:59:00+00:00")
    a_minute_later = command("--at", "2026-12-31T16:00:00+00:00", "place", *LAMP).json
    assert a_minute_later["number"] == "A-2027-0001"  # the year of Shanghai
    assert utc_now() == datetime.fromisoformat(MONDAY)  # and the clock is back


def test_another_database_and_another_community_are_named_on_the_line(
    command: Command, tmp_path: Path, community: Callable[..., Path]
) -> None:
    other = f"sqlite:///{tmp_path / 'other.db'}"
    assert command("--database", other, "place", *LAMP).code == 0
    assert command("orders", "--json").json == []
    assert len(command("--database", other, "orders", "--json").json) == 1
    renamed = community({"community.yaml": {"": {"name": "另一个社区"}}})
    assert "另一个社区" in command("--config", str(renamed), "check").out


def test_a_database_of_a_newer_release_is_left_alone(
    command: Command, refused: Callable[..., str], tmp_path: Path
) -> None:
    command("orders")
    with engine_for(f"sqlite:///{tmp_path / 'diandan.db'}").begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for arguments in (("orders",), ("place", *LAMP), ("init", "--purpose", "production")):
        sentence = refused(*arguments)
        assert sentence == "数据库（版本 9999）比本软件新，请升级软件后再启动。"


# --- mistakes -------------------------------------------------------------------------------------

ON_A_LAMP = [
    # (arguments, the sentence or a part of it)
    (("order", "A-2026-9999"), "没有编号为“A-2026-9999”的订单，请核对编号（样式：A-2026-0001）。"),
    (("order", "灯"), "没有编号为“灯”的订单"),
    (("order", "a\nb\x1b[2J"), "没有编号为“a b [2J”的订单"),  # one line, and no terminal is cleared
    (("order", LONG), f"没有编号为“{'灯' * 40}”的订单"),
    (
        ("act", "A-2026-0001", "finish", "--by", "staff-1", "--reason", "好了"),
        "订单 A-2026-0001 现在是“已点单”，不能“办结”；"
        "现在可以：受理（accept）、不予受理（decline）、并单（merge）、撤单（withdraw）。",
    ),
    (
        ("act", "A-2026-0001", "fly", "--by", "staff-1"),
        "“动作（ACTION）”不对：没有“fly”；现在可以：accept、decline、merge、withdraw。",
    ),
    (("act", "A-2026-0001", "place", "--by", "staff-1"), "没有“place”；现在可以：accept、"),
    (("act", "A-2026-0001", LONG, "--by", "staff-1"), f"没有“{'灯' * 40}”；现在可以：accept"),
    (("act", "A-2026-9999", "fly", "--by", "staff-1"), "没有编号为“A-2026-9999”的订单"),
    (("act", "A-2026-0001", "accept"), "Missing option '--by'."),
    (
        ("act", "A-2026-0001", "decline", "--by", "staff-1", "--reason", "不归我们管"),
        "“建议去向（instead）”没有填，这一项必须填写。",
    ),
    (
        ("act", "A-2026-0001", "decline", "--by", "staff-1", "--reason", " \n "),
        "“说明（reason）”没有填，这一项必须填写。",
    ),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-1", "--reason", LONG),
        "“说明（reason）”不对：太长了，最多 2000 个字。",
    ),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-9"),
        "没有操作人“staff-9”，是否想写“staff-1”。",
    ),
    (("act", "A-2026-0001", "accept", "--by", ""), "没有操作人“”。"),
    (
        ("act", "A-2026-0001", "accept", "--by", "边巴德吉"),
        "“边巴德吉”不能对订单 A-2026-0001“受理”：党员可以认领、联系、报进展、申请延期、退回和办结自己的订单。",
    ),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-1", "--set", "grid"),
        "“--set”不对：“grid”要写成 KEY=VALUE。",
    ),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-1", "--set", "=3"),
        "“--set”不对：“=3”要写成 KEY=VALUE。",
    ),
    (("act", "A-2026-0001", "accept", "--by", "staff-1", "--set", LONG), "要写成 KEY=VALUE。"),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-1", "--set", "colour=red"),
        "“colour”不对：“受理”没有这一项，可以填：category、grid、urgency、reason。",
    ),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-1", "--to", "供电所"),
        "“对象（to）”不对：“受理”没有这一项",
    ),
    (
        ("act", "A-2026-0001", "accept", "--by", "staff-1", "--set", "urgency=now"),
        "“紧急程度（urgency）”不对：只能是 normal、green、urgent。",
    ),
    (("act", "A-2026-0001", "accept", "--by", "staff-1", "--set", "grid=月球"), "没有网格“月球”"),
    (
        ("act", "A-2026-0001", "merge", "--by", "staff-1", "--to", "A-2026-0001"),
        "不能“并单”：不能并入自己。",
    ),
    (
        ("act", "A-2026-0001", "merge", "--by", "staff-1", "--to", "A-2026-0002"),
        "没有编号为“A-2026-0002”的订单",
    ),
    (("place", "--kind", "appeal"), "Missing option '--words'."),
    (("place", "--words", "灯"), "Missing option '--kind'."),
    (("place", "--kind", "complaint", "--words", "灯"), "'complaint' is not one of 'appeal', "),
    (
        ("place", "--kind", "appeal", "--words", ""),
        "“内容（words）”没有填，这一项必须填写。",
    ),
    (
        ("place", "--kind", "appeal", "--words", " \n\t"),
        "“内容（words）”没有填，这一项必须填写。",
    ),
    (
        ("place", "--kind", "appeal", "--words", LONG),
        "“内容（words）”不对：太长了，最多 10000 个字。",
    ),
    (
        ("place", *LAMP, "--phone", "1390000"),
        "“电话（phone）”不对：“1390000”不是电话号码，请写 11 位手机号，或带区号的固定电话。",
    ),
    (
        ("place", *LAMP[:4], "--grid", "第九网格"),
        "没有网格“第九网格”，可用的有：第一网格、第二网格、",
    ),
    (("place", *LAMP, "--category", "lamps"), "没有类别“lamps”，可用的有：供电照明、供水排水、"),
    (("place", *LAMP, "--channel", "fax"), "没有渠道“fax”，可用的有：人工电话/转发、电子邮件、"),
    (
        ("place", *LAMP, "--channel", "mail", "--address", "甲"),
        "“渠道地址（address）”不对：要写一个邮箱地址，例如 name@example.org。",
    ),
    (("place", *LAMP, "--by", "居民乙"), "没有操作人“居民乙”"),
    (("place", *LAMP, "--urgency", "now"), "'now' is not one of 'normal', 'green', 'urgent'."),
    (("orders", "--status", "lost"), "'lost' is not one of 'placed', 'accepted', "),
    (("messages", "--state", "lost"), "'lost' is not one of 'queued', 'sending', "),
    (
        ("rate", "A-2026-0001.1.x", "--grade", "satisfied", "--solved", "yes"),
        "这个评价链接不存在，请核对链接，或联系社区。",
    ),
    (("rate", "灯", "--grade", "satisfied", "--solved", "yes"), "这个评价链接不存在"),
    (
        ("rate", "x", "--grade", "satisfied", "--solved", "perhaps"),
        "“是否解决（solved）”不对：要写 yes 或 no。",
    ),
    (("rate", "x", "--solved", "yes"), "Missing option '--grade'."),
    (("--at", "tomorrow", "orders"), "“--at”不对：要写成 ISO 时间，例如 2026-03-01T09:30+08:00。"),
    (
        ("--at", "0001-01-01T00:00+14:00", "orders"),
        "“--at”不对：年份要在 1971 到 2199 之间。",
    ),  # before all time in UTC
    (("--at", "9999-12-31T23:59", "place", *LAMP), "“--at”不对"),
    (("init", "--purpose", "holiday"), "'holiday' is not one of 'production', 'demo', 'test'."),
    (("init", "--purpose", "demo"), "这个数据库标记为“测试”，不能改成“演示”；请另用一个数据库。"),
    (("reconcile",), "点单没有在这个数据库上运行，请先运行 diandan up。"),
    (("serve",), "No such command 'serve'."),
    (("order",), "Missing argument 'number'."),
    (("order", "A-2026-0001", "A-2026-0002"), "Got unexpected extra argument(s) (A-2026-0002)"),
    (("orders", "--colour", "red"), "No such option: --colour"),
]


def test_every_mistake_is_answered_with_one_sentence_and_changes_nothing(
    lamp: Callable[..., str], command: Command, refused: Callable[..., str]
) -> None:
    lamp()
    before = command("order", "A-2026-0001", "--json").json
    for arguments, sentence in ON_A_LAMP:
        assert sentence in refused(*arguments)
    assert command("order", "A-2026-0001", "--json").json == before
    assert len(command("orders", "--json").json) == 1


ON_AN_ACCEPTED_LAMP = [
    (
        ("hold", "--reason", "等材料", "--date", "2026-13-01"),
        "“日期（date）”不对：要写成年-月-日，例如 2026-12-01。",
    ),
    (("hold", "--reason", "等材料", "--date", "明天"), "“日期（date）”不对：要写成年-月-日"),
    (("hold", "--reason", "等材料", "--date", "2026-02-30"), "“日期（date）”不对：要写成年-月-日"),
    (
        ("hold", "--reason", "等材料", "--date", "9999-12-31"),
        "“日期（date）”不对：日期要在 3000 年之前。",
    ),
    (("hold", "--reason", "等材料"), "“日期（date）”没有填，这一项必须填写。"),
    (("hold", "--reason", "等材料", "--date", "2026-09-14"), "日期要在今天（2026-09-14）之后。"),
    (("ask_extension", "--reason", "等材料", "--date", "2026-09-16"), "新日期不能比现在的期限早。"),
    (("approve_extension",), "没有等待批准的延期申请。"),
    (("assign", "--to", "unit-moon"), "没有承办方“unit-moon”"),
    (
        ("assign", "--to", "自来水厂"),
        "“自来水厂”不办“供电照明”，可以派给：供电所、第三网格队伍，或社区、网格。",
    ),
    (("assign", "--to", ""), "“承办方（to）”没有填，这一项必须填写。"),
    (("assign",), "“承办方（to）”没有填，这一项必须填写。"),
    (("refer",), "“说明（reason）”没有填，这一项必须填写。"),
]


def test_mistakes_with_dates_and_handlers_say_what_would_be_right(
    lamp: Callable[..., str], command: Command, refused: Callable[..., str]
) -> None:
    act = ("--at", MONDAY, "act", lamp())
    assert command(*act, "accept", "--by", "staff-1").json["category"] == "street-light"
    for arguments, sentence in ON_AN_ACCEPTED_LAMP:
        assert sentence in refused(*act, *arguments, "--by", "staff-1")
    assert command("order", "A-2026-0001", "--json").json["version"] == 2
    command(*act, "assign", "--to", "unit-power", "--by", "staff-1")
    command(*act, "take", "--by", "unit-power")
    assert "没有党员“边巴”" in refused(*act, "claim", "--to", "边巴", "--by", "staff-1")
    assert "“尼玛罗布”不是“供电所”的人。" in refused(
        *act, "claim", "--to", "m-244", "--by", "staff-1"
    )


def test_every_mistake_of_a_community_is_printed_on_a_line_of_its_own(
    command: Command, tmp_path: Path
) -> None:
    folder = tmp_path / "broken"
    shutil.copytree(ROOT / "config" / "example", folder)
    categories = folder / "categories.yaml"
    words = categories.read_text(encoding="utf-8")
    words = words.replace("service_level: quick", "service_level: quik", 1)
    categories.write_text(words.replace("[unit-power,", "[unit-powr,", 1), encoding="utf-8")
    for arguments in (("check",), ("orders",), ("init", "--purpose", "test")):
        said = command("--config", str(folder), *arguments)
        assert (said.code, said.out) == (2, "")
        mistakes = said.error.splitlines()
        assert len(mistakes) == 2
        assert all(line.startswith("categories.yaml:") for line in mistakes)
        assert "quik" in said.error
        assert '是否想写 "unit-power"' in said.error
    assert not (tmp_path / "diandan.db").exists()  # nothing was made for a community like that


def test_a_contact_for_an_event_that_there_is_none_of_is_a_mistake(
    refused: Callable[..., str], community: Callable[..., Path]
) -> None:
    contacts = [{"channel": "by-hand", "events": ["order_lost"]}]
    changed = community({"handlers.yaml": {"units": {"unit-power": {"contacts": contacts}}}})
    sentence = refused("--config", str(changed), "check")
    assert sentence.startswith(
        "“unit-power 的 contacts.events”不对：没有“order_lost”这种消息，可以写："
    )


def test_a_folder_that_is_none_is_a_mistake(refused: Callable[..., str], tmp_path: Path) -> None:
    assert "没有这个文件夹" in refused("--config", str(tmp_path / "nowhere"), "check")
    (tmp_path / "file").write_text("no folder", encoding="utf-8")
    assert "没有这个文件夹" in refused("--config", str(tmp_path / "file"), "orders")


def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    refused: Callable[..., str], tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("these are words, and no database" * 40, encoding="utf-8")
    for url, sentence in (
        ("diandan", "打不开数据库 （不是数据库地址）："),
        ("", "打不开数据库 （不是数据库地址）："),
        ("mongodb://127.0.0.1/diandan", "打不开数据库 mongodb://127.0.0.1/diandan："),
        (f"sqlite:///{tmp_path}/text.db", "text.db：file is not a database"),
        (f"sqlite:///{tmp_path}", "unable to open database file"),
        (f"sqlite:///{tmp_path}/text.db/below.db", "打不开数据库 sqlite:///"),
        (
            "postgresql://desk:geheim@127.0.0.1:1/diandan",
            "打不开数据库 postgresql+psycopg://desk:***@127.0.0.1:1/diandan：",
        ),
    ):
        said = refused("--database", url, "orders")
        assert sentence in said
        assert "geheim" not in said


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("DIANDAN_PORT", "abc", "设置 DIANDAN_PORT 不对："),
        ("DIANDAN_PORT", "70000", "设置 DIANDAN_PORT 不对："),
        ("DIANDAN_POOL_LIMIT", "0", "设置 DIANDAN_POOL_LIMIT 不对："),
        ("DIANDAN_STUCK_AFTER", "soon", "设置 DIANDAN_STUCK_AFTER 不对："),
        ("DIANDAN_CHANNELS", "mailto://x", "设置读不出来："),
        ("DIANDAN_CHANNELS__MAIL__MORE", "x", "设置 DIANDAN_CHANNELS__MAIL 不对："),
    ],
)
def test_a_wrong_setting_is_named(
    refused: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    value: str,
    sentence: str,
) -> None:
    monkeypatch.setenv(name, value)
    assert sentence in refused("orders")


def test_starting_everything_is_refused_where_anybody_could_come_in(
    refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DIANDAN_HOST", "0.0.0.0")
    assert refused("up").startswith(
        "监听地址 0.0.0.0 会让别的机器也能进入：请先设置 DIANDAN_AUTH_STRING"
    )


# --- a walk through the whole contract, by somebody who has only read what is printed --------------

COLLEAGUE = {"approve_extension", "refuse_extension", "rate"}  # done by another person
FIRST = {
    "approve_extension": "ask_extension",
    "refuse_extension": "ask_extension",
}
OF_MONEY = {"receive", "spend", "move_money", "complete_funding"}  # there must be some
FUNDED = ("take", "claim", "finish", "expire")  # the way from there on
AFTER_THE_MONTH = "2026-12-02T10:00+08:00"  # that was given to raise it
WAY_BACK = {"hold": "resume", "refer": "send_back", "claim": "release"}
FIFTEEN_DAYS_LATER = "2026-09-29T10:00+08:00"  # the rating window is over
BY_TYPE = {
    "grid": "grid-3",
    "category": "other",
    "date": "2026-12-01",
    "yuan": "12.34",
    "boolean": "yes",
    "text": "说清楚",
    "handler": "desk",
    "member": "m-004",  # of the desk
    "members": "m-005、m-006",
    "channel": "by-hand",
    "language": "zh-CN",
}
OPTIONS = ("reason", "to", "date")  # the keys that have an option of their own

Row = Mapping[str, str]


class Walker:
    """Goes from status to status by `diandan place` and `diandan act` alone, and can go back in time."""

    def __init__(self, command: Command, folder: Path, *, every_key: bool) -> None:
        self._command = command
        self._database = folder / "diandan.db"
        self._every_key = every_key
        self._actions = command("lifecycle", "--json").json["actions"]
        self.number = self.other = ""

    def keep(self) -> bytes:
        """The database as it is."""
        engine_for(f"sqlite:///{self._database}").dispose()
        return self._database.read_bytes()

    def restore(self, kept: bytes) -> None:
        """The database as it was."""
        engine_for(f"sqlite:///{self._database}").dispose()
        self._database.write_bytes(kept)

    def place(self, kind: str) -> dict[str, Any]:
        """A new order of a kind."""
        words = (
            ("--words", "说清楚", "--phone", "13900000001")
            if self._every_key
            else ("--words", "想要")
        )
        placed = self._command("--at", MONDAY, "place", "--kind", kind, *words).json
        self.number, self.other = placed["number"], self.number
        return dict(placed)

    def act(self, action: str) -> dict[str, Any]:
        """One action on the newest order, with something of the right type for each key."""
        if action in FIRST:
            self.act(FIRST[action])
        at = {"expire": FIFTEEN_DAYS_LATER, "fail_funding": AFTER_THE_MONTH}.get(action, MONDAY)
        by = "staff-2" if action in COLLEAGUE else "staff-1"
        said = self._command(
            "--at", at, "act", self.number, action, "--by", by, *self._fill(action)
        )
        return dict(said.json)

    def show(self) -> dict[str, Any]:
        """The newest order as it is."""
        return dict(self._command("order", self.number, "--json").json)

    def be_given(self, times: int = 2) -> None:
        """Another wish raises money and passes it on to this one: by two times it has what it needs."""
        self.number, self.other = self.other, self.number
        given = ("receive", "move_money") * times
        for action in ("accept", "refer", "open_funding", "pledge", *given):
            self.act(action)
        self.number, self.other = self.other, self.number

    def _fill(self, action: str) -> Iterator[str]:
        for key in self._actions[action]:
            name = key["key"]
            if name == "helpers" and action == "report":
                continue  # who reports before anybody has claimed it has nobody to help
            if key["required"] or self._every_key:
                value = self._value(action, key)
                yield from (f"--{name}", value) if name in OPTIONS else ("--set", f"{name}={value}")

    def _value(self, action: str, key: Mapping[str, Any]) -> str:
        if key["type"] == "choice":
            return str(key["values"][0])
        if key["type"] == "order":
            return self.other
        if key["key"] == "pledge":
            return "1"
        if key["type"] == "yuan" and action in ("open_funding", "pledge"):
            return "24.68"  # twice as much as comes in
        return "officers-grid-3" if action == "reassign" else BY_TYPE[key["type"]]


@pytest.mark.parametrize(
    ("kind", "every_key"),
    [("appeal", False), ("small_wish", False), ("big_wish", False), ("big_wish", True)],
)
def test_every_row_of_the_printed_contract_leads_where_it_says(
    command: Command, tmp_path: Path, kind: str, every_key: bool
) -> None:
    command("init", "--purpose", "test")
    walker = Walker(command, tmp_path, every_key=every_key)
    rows = [row for row in command("lifecycle", "--json").json["rows"] if row["kind"] == kind]
    walker.place(kind)
    assert walker.place(kind)["status"] == "placed"
    kept, waiting = {"placed": walker.keep()}, ["placed"]
    while waiting:
        source = waiting.pop(0)
        for row in (row for row in rows if row["from"] == source):
            walker.restore(kept[source])
            if row["action"] in OF_MONEY:
                _get_money(walker, kept, source, row["action"])
            shown = _one_step(walker, row)
            if shown["status"] not in kept:
                kept[shown["status"]] = walker.keep()
                waiting.append(shown["status"])
            if row["action"] in WAY_BACK:
                assert walker.act(WAY_BACK[row["action"]])["status"] == source, row
    assert set(kept) == {row["from"] for row in rows} - {""} | {"declined", "merged", "withdrawn"}


def _get_money(walker: Walker, kept: Mapping[str, bytes], status: str, action: str) -> None:
    """A wish in a status to which something has been promised, and more given, as far as it can be."""
    if status in ("accepted", "in_meeting"):
        walker.be_given()
        return
    walker.restore(kept["funding"])
    walker.act("pledge")
    if action == "receive" and status == "funding":
        return
    stays = status == "funding" and action != "complete_funding"
    walker.be_given(1 if stays else 2)
    steps = iter(FUNDED)
    now = status if action == "complete_funding" else walker.show()["status"]
    while now != status:
        now = walker.act(next(steps))["status"]


def _one_step(walker: Walker, row: Row) -> dict[str, Any]:
    """Does what a row says, and finds it as the newest row of the order's history. A funding that has
    reached its target is complete of itself."""
    completes = row["action"] == "complete_funding"
    shown = walker.show() if completes else walker.act(row["action"])
    newest = shown["history"][-1]
    assert (newest["from"], newest["action"]) == (row["from"], row["action"])
    assert newest["to"] == shown["status"], row
    assert row["to"] in (shown["status"], "<before>"), row
    assert shown["version"] == len(shown["history"])
    return shown


# --- as a shell would start it ----------------------------------------------------------------------


@pytest.fixture
def shell(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs `diandan …` as a process of its own, somewhere else on the machine."""
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("DIANDAN_")},
        "DIANDAN_HOME": str(tmp_path / "home"),
        "PYTHONUTF8": "1",
    }

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", "from flows.cli import main; main()", *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
        )

    return run


def test_a_shell_places_an_order_and_another_process_finds_it(
    shell: Callable[..., subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    placed = shell("place", *LAMP)
    assert (placed.returncode, placed.stderr) == (0, "")
    number = json.loads(placed.stdout)["number"]
    assert [order["number"] for order in json.loads(shell("orders", "--json").stdout)] == [number]
    assert (tmp_path / "home" / "diandan.db").exists()


def test_a_shell_learns_of_a_mistake_by_the_code_and_one_sentence(
    shell: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    wrong = shell("order", "A-2026-0001")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert wrong.stderr == "没有编号为“A-2026-0001”的订单，请核对编号（样式：A-2026-0001）。\n"


def test_without_a_command_the_commands_are_listed(
    shell: Callable[..., subprocess.CompletedProcess[str]],
) -> None:
    helped = shell()
    assert (helped.returncode, helped.stderr) == (0, "")
    for name in (
        *("check", "init", "up", "demo", "place", "orders", "order", "act", "rate"),
        *("lifecycle", "messages", "send", "reconcile"),
    ):
        assert f"\n  {name} " in helped.stdout


# --- beside a running installation ------------------------------------------------------------------


def test_the_order_s_run_and_the_lists_follow_the_command_line(
    command: Command, running: Callable[[], None], prefect: Any
) -> None:
    command("orders")
    running()
    number = command("place", *LAMP).json["number"]
    (run,) = prefect.runs.values()
    assert run.name == f"{number} 诉求 · 第三网格 · 待受理"
    command("act", number, "accept", "--by", "staff-1")
    assert run.name == f"{number} 供电照明 · 第三网格 · 待派单"
    assert prefect.form_of(run.id).name == "AssignForm"
    assert "待派单" in prefect.artifacts["todo"].data
    command("act", number, "withdraw", "--by", "resident")
    assert run.state.is_completed()
    assert "没有等着办的事" in prefect.artifacts["todo"].data


def test_an_installation_of_another_database_is_left_alone(
    command: Command,
    running: Callable[[], None],
    prefect: Any,
    tmp_path: Path,
    refused: Callable[..., str],
) -> None:
    command("orders")
    running()
    other = ("--database", f"sqlite:///{tmp_path / 'other.db'}")
    assert command(*other, "place", *LAMP).json["status"] == "placed"
    assert (prefect.runs, prefect.artifacts) == ({}, {})
    assert "没有在这个数据库上运行" in refused(*other, "reconcile")


def test_a_change_stands_although_the_installation_cannot_be_told(
    command: Command, running: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone() -> None:
        raise ConnectionError

    command("orders")
    running()
    monkeypatch.setattr("flows.asking.AsyncClientContext.get_or_create", gone)
    said = command("place", *LAMP)
    assert (said.code, json.loads(said.out)["status"]) == (0, "placed")
    assert said.error == "订单已改好；它的表单十分钟内会跟上（ConnectionError）。\n"


def test_runs_and_orders_are_made_to_agree_on_demand(
    command: Command, running: Callable[[], None], prefect: Any
) -> None:
    for _ in range(3):
        command("place", *LAMP)
    running()
    assert command("reconcile", "--json").json == {"started": 3}
    assert command("reconcile").out == "right 3\n"
    assert "# 待办 3 件" in prefect.artifacts["todo"].data
