"""导入: a file dropped into the inbox is looked at, imported once, and put away; what was wrong is said above the form."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

import flows.importing
from flows.importing import import_file
from flows.runs import reconcile
from tasks.inbox import inbox
from tasks.models.tables import History, Message, Order
from tasks.wakes import run_of

DEPLOYMENT = "import-file/导入"
Rows = Callable[..., list[Any]]
Start = Callable[[], Any]


@pytest.fixture
def drop(prefect: Any) -> Callable[..., Path]:
    """Drops a table with these lines into the inbox."""

    def write(*lines: str, name: str = "ledger.csv") -> Path:
        path = inbox() / name
        path.write_text("\n".join(("编号,内容,电话,姓名,登记时间", *lines)), encoding="utf-8")
        return path

    return write


@pytest.fixture
def start(prefect: Any) -> Start:
    """A coordinator starts 导入."""
    return lambda: prefect.start(DEPLOYMENT, import_file.fn)


def send(prefect: Any, run: Any, **values: Any) -> None:
    """Sends the form that the run shows, changing only what is named."""
    prefect.answer(run.id, **{"who": "格桑卓玛", **values})
    prefect.process(run.id, import_file.fn)


def test_the_form_shows_what_each_file_would_do_and_nothing_is_stored_yet(
    prefect: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    drop("1,灯坏了", "2,水停了", "1,灯又坏了", name="good.csv")
    drop("1,", "2,水停了,12", name="bad.csv")
    (inbox() / "notes.docx").write_bytes(b"no table")
    form = prefect.form_of(start().id)
    assert list(form.fields) == ["who", "file", "mapping", "notify", "clocks"]
    assert sorted(form.options("file")) == ["bad.csv", "good.csv"]
    assert "file" not in form.preselected  # of two, one has to be chosen
    assert "**good.csv**：会登记 **2 件**。" in form.description
    assert "**bad.csv**：有 2 处要改，现在导入会一件也不存：" in form.description
    assert "- 第 2 行“内容”是“”：不能空着" in form.description
    assert rows(Order) == []


def test_what_other_programs_have_open_is_not_offered(
    prefect: Any, drop: Callable[..., Path], start: Start
) -> None:
    for name in ("~$ledger.xlsx", ".ledger.csv"):
        (inbox() / name).write_bytes(b"held")
    drop("1,灯坏了")
    assert prefect.form_of(start().id).options("file") == ["ledger.csv"]


def test_a_file_that_cannot_be_read_does_not_keep_the_others_from_coming_in(
    prefect: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    (inbox() / "broken.xlsx").write_bytes(b"PK\x03\x04 half a zip")
    (inbox() / "half.csv").write_bytes(b"\xff\xfe1")
    drop("1,灯坏了")
    run = start()
    described = prefect.form_of(run.id).description
    assert "**broken.xlsx**：不能导入。" in described
    assert "**half.csv**：不能导入。" in described
    send(prefect, run, file="ledger.csv")
    assert len(rows(Order)) == 1


def test_a_file_that_changes_while_it_is_imported_comes_in_as_it_was_shown(
    prefect: Any,
    drop: Callable[..., Path],
    start: Start,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = drop("1,灯坏了")
    run = start()
    real = flows.importing.plan_import

    def plan_late(copy: Path, *given: Any) -> Any:
        drop("1,别的")
        return real(copy, *given)

    monkeypatch.setattr(flows.importing, "plan_import", plan_late)
    send(prefect, run)
    assert [order.words for order in rows(Order)] == ["灯坏了"]
    assert "别的" in path.read_text(encoding="utf-8")  # nobody has seen it: it stays


def test_a_file_comes_in_its_orders_wait_with_forms_and_it_is_put_away(
    prefect: Any, desk: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    path = drop("1,灯坏了", "2,水停了")
    run = start()
    assert prefect.form_of(run.id).preselected["file"] == "ledger.csv"
    send(prefect, run)
    assert run.state.is_completed()
    assert run.name == "导入 ledger.csv · 登记 2 件"
    assert prefect.log[0].startswith(
        "ledger.csv：登记 2 件，A-2026-0001 到 A-2026-0002。按“社区台账”"
    )
    assert [order.words for order in rows(Order)] == ["灯坏了", "水停了"]
    assert {row.actor for row in rows(History)} == {"staff-2"}
    assert rows(Message) == []
    for order in rows(Order):
        assert desk.form(order.number).name == "AcceptanceForm"
    assert not path.exists()
    assert (inbox() / "已导入" / "ledger.csv").is_file()
    assert prefect.artifacts["import"].data == 100.0
    assert "# 待办 2 件" in prefect.artifacts["todo"].data
    assert {run_id for run_id, _key in prefect.inputs} == {
        desk.id(order.number) for order in rows(Order)
    }


def test_an_imported_order_takes_the_answer_to_its_form(
    prefect: Any, desk: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    drop("1,三号巷口的路灯坏了")
    send(prefect, start())
    (order,) = rows(Order)
    desk.fill(order.number)
    assert desk.form(order.number).name == "TakeForm"


def test_people_are_told_and_clocks_go_back_when_that_is_chosen(
    prefect: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    drop("1,灯坏了,13900000001,居民甲,2026-03-01 10:00")
    send(prefect, start(), notify="通知每位居民", clocks="从表里的时间算起")
    (order,) = rows(Order)
    assert order.number == "A-2026-0001"
    assert order.placed_at.isoformat() == "2026-03-01T02:00:00+00:00"
    assert "resident" in [message.audience.value for message in rows(Message)]


@pytest.mark.parametrize(
    ("change", "values", "said"),
    [
        (lambda path: path.write_text("编号,内容\n1,水", "utf-8"), {}, "文件在您看过以后变了"),
        (lambda path: path.unlink(), {}, "文件在您看过以后变了"),
        (lambda path: None, {"file": ""}, "请选择文件"),
        (lambda path: None, {"file": "../../etc/passwd"}, "文件在您看过以后变了"),
        (lambda path: None, {"who": ""}, "请选择是谁在操作"),
        (lambda path: None, {"mapping": "Boston 311"}, "的表头对不上"),
    ],
)
def test_what_cannot_be_done_is_said_above_the_form_and_nothing_is_stored(
    prefect: Any,
    drop: Callable[..., Path],
    start: Start,
    rows: Rows,
    change: Callable[[Path], Any],
    values: dict[str, str],
    said: str,
) -> None:
    path = drop("1,灯坏了")
    run = start()
    change(path)
    send(prefect, run, **values)
    assert said in prefect.form_of(run.id).description
    assert rows(Order) == []


def test_a_file_with_mistakes_is_not_imported_and_after_mending_it_is(
    prefect: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    drop("1,灯坏了,12")
    run = start()
    send(prefect, run, clocks="从表里的时间算起")
    assert prefect.form_of(run.id).preselected["clocks"] == "从表里的时间算起"
    described = prefect.form_of(run.id).description
    assert "里有 1 处要改，什么都没有存" in described
    assert described.count("第 2 行“电话”是“12”") == 1
    drop("1,灯坏了,13900000001")
    send(prefect, run)  # what is shown is still the old file
    assert "文件在您看过以后变了" in prefect.form_of(run.id).description
    send(prefect, run)
    assert len(rows(Order)) == 1


def test_an_empty_inbox_says_where_to_put_files_and_looks_again(
    prefect: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    run = start()
    form = prefect.form_of(run.id)
    assert list(form.fields) == ["who"]
    assert f"文件夹 `{inbox()}` 里还没有表格" in form.description
    drop("1,灯坏了")
    send(prefect, run)
    assert prefect.form_of(run.id).options("file") == ["ledger.csv"]
    send(prefect, run)
    assert len(rows(Order)) == 1


@pytest.mark.parametrize("where", ["run_import", "start_runs", "put_away", "spread_news"])
def test_an_import_that_dies_anywhere_and_starts_again_ends_the_same(
    prefect: Any,
    desk: Any,
    drop: Callable[..., Path],
    start: Start,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    where: str,
) -> None:
    drop("1,灯坏了", "2,水停了")
    run = start()
    prefect.answer(run.id, who="格桑卓玛", file="ledger.csv")
    real = getattr(flows.importing, where)

    async def die_later(working: Any) -> None:
        await working
        raise KeyboardInterrupt

    def die_afterwards(*given: Any, **named: Any) -> Any:
        done = real(*given, **named)
        if inspect.isawaitable(done):
            return die_later(done)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(flows.importing, where, die_afterwards)
        with pytest.raises(KeyboardInterrupt):
            prefect.process(run.id, import_file.fn)
    prefect.artifacts.pop("import", None)
    prefect.process(run.id, import_file.fn)
    assert run.state.is_completed()
    assert [order.words for order in rows(Order)] == ["灯坏了", "水停了"]
    assert [path.name for path in (inbox() / "已导入").iterdir()] == ["ledger.csv"]
    assert all(run_of(order.number).run_id for order in rows(Order))


def test_the_same_name_again_is_put_beside_the_first(
    prefect: Any, drop: Callable[..., Path], start: Start, rows: Rows
) -> None:
    for words in ("灯坏了", "水停了"):
        drop(f",{words}")
        prefect.artifacts.pop("import", None)
        send(prefect, start())
    assert sorted(path.name for path in (inbox() / "已导入").iterdir()) == [
        "ledger (2).csv",
        "ledger.csv",
    ]
    assert len(rows(Order)) == 2


def test_after_an_import_there_is_nothing_to_reconcile(
    prefect: Any, drop: Callable[..., Path], start: Start, wait: Callable[..., Any]
) -> None:
    drop(*(f"{n},灯坏了" for n in range(60)))
    send(prefect, start())
    for run in prefect.runs:
        prefect.grow_old(run, timedelta(minutes=10))
    assert wait(reconcile(prefect)) == {"right": 60}
