"""`diandan import`: what a person at a terminal and a program that starts it are told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.clock import utc_now

Command = Callable[..., Any]
LAMP, WATER = "1,三号巷口的路灯坏了", "2,家里停水了"


@pytest.fixture
def ledger(command: Command, tmp_path: Path) -> Callable[..., str]:
    """Writes a table with these lines, beside a database of a test."""
    command("init", "--purpose", "test")

    def write(*lines: str) -> str:
        path = tmp_path / "ledger.csv"
        path.write_text("\n".join(("编号,内容,电话", *lines)), encoding="utf-8")
        return str(path)

    return write


def test_a_person_reads_how_many_orders_came_in(
    command: Command, ledger: Callable[..., str]
) -> None:
    path = ledger(LAMP, WATER, LAMP)
    said = command("import", path)
    assert (said.code, said.error) == (0, "")
    year = utc_now().year
    assert said.out.startswith(f"已登记 2 件，A-{year}-0001 到 A-{year}-0002。")
    assert "按“社区台账”读了 3 行，1 行和前面的重复（第 4 行）" in said.out
    again = command("import", path).out
    assert again.startswith("已登记 0 件。")
    assert "2 行以前登记过" in again


def test_numbers_of_several_kinds_are_no_range(command: Command, tmp_path: Path) -> None:
    path = tmp_path / "ledger.csv"
    path.write_text("内容,种类\n灯坏了,诉求\n台灯,微心愿\n水停了,诉求\n", encoding="utf-8")
    year = utc_now().year
    said = command("import", str(path)).out
    assert said.startswith(f"已登记 3 件，A-{year}-0001 到 A-{year}-0002、S-{year}-0001。")


def test_orders_are_in_although_the_installation_cannot_be_told(
    command: Command, ledger: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_given: object) -> None:
        raise ConnectionError

    monkeypatch.setattr("flows.cli_news.running_api", lambda: "http://127.0.0.1:9/api")
    monkeypatch.setattr("flows.cli_news._with_client", gone)
    said = command("import", ledger(LAMP))
    assert said.code == 0
    assert said.out.startswith("已登记 1 件，")
    assert said.error.startswith("订单已登记；它们的表单十分钟内会跟上（ConnectionError）")


def test_a_dry_run_says_the_same_and_stores_nothing(
    command: Command, ledger: Callable[..., str]
) -> None:
    said = command("import", ledger(LAMP, WATER), "--dry-run")
    assert said.out.startswith("会登记 2 件（没有存）。")
    assert command("orders", "--json").json == []


def test_a_program_reads_numbers_and_counts(command: Command, ledger: Callable[..., str]) -> None:
    path = ledger(LAMP, WATER)
    assert command("import", path, "--dry-run", "--json").json["new"] == 2
    told = command("import", path, "--by", "staff-1", "--json").json
    assert told["numbers"] == [order["number"] for order in command("orders", "--json").json]
    assert {key: told[key] for key in ("rows", "new", "stored", "repeated", "mistakes")} == {
        "rows": 2,
        "new": 2,
        "stored": 0,
        "repeated": [],
        "mistakes": [],
    }
    (placed,) = command("order", told["numbers"][0], "--json").json["history"]
    assert placed["actor"] == "staff-1"


def test_mistakes_are_a_line_each_and_nothing_is_stored(
    command: Command, ledger: Callable[..., str]
) -> None:
    path = ledger("1,", "2,水,12", *(f"{n}," for n in range(3, 30)))
    said = command("import", path)
    assert (said.code, said.out) == (2, "")
    lines = said.error.splitlines()
    assert lines[0] == "文件“ledger.csv”里有 29 处要改，什么都没有存："
    assert lines[1] == "第 2 行“内容”是“”：不能空着"
    assert lines[2].startswith("第 3 行“电话”是“12”：")
    assert lines[-1] == "还有 9 处"
    assert command("orders", "--json").json == []


def test_a_program_reads_every_mistake(command: Command, ledger: Callable[..., str]) -> None:
    said = command("import", ledger(*(f"{n}," for n in range(30))), "--json")
    assert said.code == 2
    assert '"mistakes": [' in said.out
    assert said.out.count('"problem": "不能空着"') == 30


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("nowhere.csv",), "文件“nowhere.csv”不存在。"),
        (("LEDGER", "--mapping", "moon"), "没有导入表“moon”，可用的有：appeals、"),
        (("LEDGER", "--by", "居民乙"), "没有操作人“居民乙”"),
        ((), "Missing argument 'file'."),
    ],
)
def test_what_cannot_be_imported_is_answered_with_one_sentence(
    command: Command, ledger: Callable[..., str], arguments: tuple[str, ...], said: str
) -> None:
    path = ledger(LAMP)
    refused = command("import", *(path if word == "LEDGER" else word for word in arguments))
    assert (refused.code, refused.out) == (2, "")
    assert said in refused.error and refused.error.count("\n") == 1
    assert command("orders", "--json").json == []
