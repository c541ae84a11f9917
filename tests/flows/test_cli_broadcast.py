"""`diandan broadcast`: looked at, sent, listed, called off."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Command = Callable[..., Any]
MONDAY = ("--at", "2026-09-14T10:00")
SAY = ("broadcast", "send", "--to", "grid:3", "--title", "停水通知", "--by", "staff-1")


@pytest.fixture
def run(command: Command) -> Command:
    """Runs `diandan …` on a Monday in September 2026."""
    command("init", "--purpose", "test")
    return lambda *arguments: command(*MONDAY, *arguments)


def test_it_is_looked_at_sent_listed_and_called_off(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "said.txt"
    file.write_bytes("\ufeff九月十五日停水，\r\n请存水。".encode())
    look = run(*SAY, "--text-file", str(file), "--dry-run", "--json").json
    assert (look["id"], len(look["reach"]["groups"])) == (None, 3)
    (text,) = look["texts"]
    assert text["body"].startswith("【停水通知】\n九月十五日停水，\n请存水。")
    assert run("broadcast", "list", "--json").json == []
    shown = run(*SAY, "--text-file", str(file), "--dry-run").out
    assert "只看不发。发给 第三网格，现在发" in shown
    sent = run(*SAY, "--text-file", str(file), "--json").json
    assert (sent["id"], sent["reach"]) == (1, look["reach"])
    (listed,) = run("broadcast", "list", "--json").json
    assert (listed["title"], listed["to"], listed["waits"]) == ("停水通知", "grid:grid-3", 3)
    assert "停水通知" in run("broadcast", "list").out
    assert "停水" in run("messages", "--event", "broadcast").out
    assert run("broadcast", "cancel", "1", "--by", "staff-2", "--json").json == {
        **{"id": 1, "stopped": 3, "gone": 0},
    }
    again = run("broadcast", "cancel", "1", "--by", "staff-1")
    assert (again.code, again.error) == (2, "编号 1 的群众发声不用撤回：09-14 10:00 已经撤回过。\n")


def test_without_json_it_says_whom_it_reaches(run: Command) -> None:
    said = run(*SAY, "--text", "请存水。").out
    assert said.startswith("群众发声 1：写好 3 条。\n收得到：要人转发的群 3 个：")
    assert run("broadcast", "cancel", "1", "--by", "staff-1").out == (
        "已撤回 1：拦下 3 条，已经发出 0 条。\n"
    )


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ((*SAY,), "--text 和 --text-file 要选一个"),
        ((*SAY, "--text", "x", "--text-file", "y"), "--text 和 --text-file 要选一个"),
        ((*SAY, "--text-file", "nowhere.txt"), "文件“nowhere.txt”读不了"),
        ((*SAY, "--text", "水" * 1001), "太长了，最多 1000 个字。"),
        ((*SAY, "--text", "x", "--until", "gestern"), "要写成年-月-日"),
        ((*SAY, "--text", "x", "--from", "gestern"), "要写成 ISO 时间"),
        ((*SAY[:-2], "--text", "x"), "“--by”没有填"),
        ((*SAY, "--text", "x", "--to", "grid:grid-99"), "没有网格“grid-99”"),
        (("broadcast", "cancel", "7", "--by", "staff-1"), "没有编号为 7 的群众发声"),
    ],
)
def test_what_is_not_right_is_said_in_a_sentence(
    run: Command, given: tuple[str, ...], said: str
) -> None:
    refused = run(*given)
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.error


def test_a_file_that_is_no_utf8_is_refused(run: Command, tmp_path: Path) -> None:
    file = tmp_path / "said.txt"
    file.write_bytes("九月十五日停水".encode("gbk"))
    assert "请另存为 UTF-8" in run(*SAY, "--text-file", str(file)).error
