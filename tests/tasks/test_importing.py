"""A file becomes orders: all of it or nothing, each once, and every cell that is wrong is told where it is."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import openpyxl
import pytest
from sqlmodel import select

from config.catalog import CatalogError
from tasks.clock import clock_at, utc_now
from tasks.db import reading
from tasks.errors import BadFile, BadRows, DiandanError, UnknownId
from tasks.house import House, house
from tasks.importing import plan_import, run_import, summary_of
from tasks.intake import place_order
from tasks.models.enums import Action, Kind, Urgency
from tasks.models.tables import Counter, History, Message, Order, Resident
from tasks.requests import request_for
from tasks.rules.deadline import local_day

Rows = Callable[..., list[Any]]
HEADER = "编号,内容,种类,网格,类别,紧急程度,姓名,电话,登记时间"
LAMP = "1,三号巷口的路灯坏了,诉求,第三网格,供电照明,紧急,王阿姨,0893-0000101,2026-05-01 09:30"


@pytest.fixture
def ledger(tmp_path: Path) -> Callable[..., Path]:
    """Writes a community's own table: the header and these lines."""

    def write(*lines: str, header: str = HEADER) -> Path:
        path = tmp_path / "ledger.csv"
        path.write_text("\n".join((header, *lines)), encoding="utf-8")
        return path

    return write


def mistakes(path: Path, mapping: str | None = None) -> list[str]:
    return [str(mistake) for mistake in plan_import(path, mapping).mistakes]


# --- what a row becomes -----------------------------------------------------------------------


def test_a_row_becomes_an_order_with_its_resident(
    database: House, ledger: Callable[..., Path], look: Any, rows: Rows, monday: datetime
) -> None:
    (number,) = run_import(plan_import(ledger(LAMP)), "staff-1")
    order = look(number)
    assert (number, order.kind, order.urgency) == ("A-2026-0001", Kind.APPEAL, Urgency.URGENT)
    assert (order.words, order.grid, order.category) == (
        "三号巷口的路灯坏了",
        "grid-3",
        "street-light",
    )
    assert (order.source, order.external_id) == ("ledger", "1")
    (resident,) = rows(Resident)
    assert (resident.name, resident.phone) == ("王阿姨", "08930000101")
    (deed,) = rows(History)
    assert (deed.action, deed.actor, deed.at) == (Action.PLACE, "staff-1", monday)
    assert deed.inputs["asked_at"] == "2026-05-01T01:30:00Z"  # 09:30 in Shanghai


def test_an_imported_order_is_like_one_that_was_placed(
    database: House, ledger: Callable[..., Path], look: Any, rows: Rows, monday: datetime
) -> None:
    (imported,) = run_import(plan_import(ledger(LAMP)), "staff-1")
    asked = datetime(2026, 5, 1, 1, 30, tzinfo=UTC)
    values = {"kind": "appeal", "words": "三号巷口的路灯坏了", "grid": "grid-3"}
    values |= {"category": "street-light", "urgency": "urgent", "resident": "王阿姨"}
    values |= {"phone": "0893-0000101", "source": "ledger", "external_id": "2", "asked_at": asked}
    placed = place_order(request_for(Action.PLACE, values), "staff-1")
    one, other = look(imported).model_dump(), look(placed).model_dump()
    assert {key for key in one if one[key] != other[key]} == {"id", "number", "external_id"}
    first, second = (deed.model_dump() for deed in rows(History))
    first["inputs"].pop("external_id"), second["inputs"].pop("external_id")
    assert {key for key in first if first[key] != second[key]} == {"id", "order_id"}


def test_clocks_start_at_the_import_and_nobody_is_told(
    database: House, ledger: Callable[..., Path], look: Any, rows: Rows, monday: datetime
) -> None:
    (number,) = run_import(plan_import(ledger(LAMP)), "system")
    assert look(number).placed_at == monday
    assert look(number).due_at == monday + timedelta(hours=2)  # to accept it
    assert rows(Message) == []


def test_clocks_start_when_it_was_asked_and_everybody_is_told_if_that_is_wanted(
    database: House, ledger: Callable[..., Path], look: Any, rows: Rows, monday: datetime
) -> None:
    plan = plan_import(
        ledger(LAMP, LAMP.replace("1,", "2,", 1).replace("2026-05-01", "2025-05-01"))
    )
    numbers = run_import(plan, "system", keep_dates=True, notify=True)
    assert numbers == ["A-2026-0001", "A-2025-0001"]  # of the year when it was asked
    assert look(numbers[0]).placed_at == datetime(2026, 5, 1, 1, 30, tzinfo=UTC)
    assert look(numbers[0]).due_at == datetime(2026, 5, 1, 3, 30, tzinfo=UTC)
    told = [(message.order_id, message.audience.value) for message in rows(Message)]
    assert (look(numbers[0]).id, "resident") in told
    assert (look(numbers[1]).id, "resident") in told


def test_two_people_with_one_phone_stay_two_and_one_person_with_two_orders_stays_one(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    lines = [f"{n},灯坏了,,,,,{name},18900000001," for n, name in enumerate("甲乙甲", start=1)]
    run_import(plan_import(ledger(*lines)), "system")
    assert [row.name for row in rows(Resident)] == ["甲", "乙"]
    first, second, third = (order.resident_id for order in rows(Order))
    assert first == third != second


def test_a_name_without_a_phone_is_somebody_new_each_time(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    run_import(plan_import(ledger("1,灯坏了,,,,,王,,", "2,水停了,,,,,王,,")), "system")
    assert len({order.resident_id for order in rows(Order)}) == 2


def test_a_resident_who_is_known_already_is_known_again(
    database: House, ledger: Callable[..., Path], place: Callable[..., str], rows: Rows
) -> None:
    place(resident="王阿姨", phone="0893-0000101")
    run_import(plan_import(ledger(LAMP)), "system")
    assert len(rows(Resident)) == 1


def test_what_a_resident_said_earlier_on_how_to_be_told_stays(
    database: House, ledger: Callable[..., Path], place: Callable[..., str], rows: Rows
) -> None:
    person = {"resident": "王阿姨", "phone": "0893-0000101"}
    place(**person, channel="mail", address="wang@example.org", language="en", consent=False)
    place(**person)
    run_import(plan_import(ledger(LAMP)), "system")
    (resident,) = rows(Resident)
    assert (resident.channel, resident.address) == ("mail", "wang@example.org")
    assert (resident.language, resident.consent) == ("en", False)


# --- each once --------------------------------------------------------------------------------


def test_the_same_file_again_changes_nothing(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    path = ledger(LAMP, "2,水停了,,,,,,,")
    run_import(plan_import(path), "system")
    before = [row.model_dump() for table in (Order, History, Resident) for row in rows(table)]
    plan = plan_import(path)
    assert (len(plan.new), plan.stored) == (0, 2)
    assert run_import(plan, "system") == []
    assert before == [row.model_dump() for t in (Order, History, Resident) for row in rows(t)]


def test_rows_without_ids_are_known_again_too(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    path = ledger("灯坏了,王阿姨", "灯坏了,李叔", header="内容,姓名")
    assert len(run_import(plan_import(path), "system")) == 2
    assert run_import(plan_import(path), "system") == []
    assert len(rows(Order)) == 2


def test_rows_without_ids_are_known_again_however_they_are_written(
    database: House, tmp_path: Path, ledger: Callable[..., Path], rows: Rows
) -> None:
    run_import(plan_import(ledger("灯坏了,2026/5/1", header="内容,登记时间")), "system")
    book = openpyxl.Workbook()
    for row in (["内容", "登记时间", "姓名"], ["灯坏了", datetime(2026, 5, 1), None]):  # noqa: DTZ001
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert plan_import(tmp_path / "a.xlsx").stored == 1


def test_a_header_that_is_printed_again_on_each_page_is_no_order(
    database: House, ledger: Callable[..., Path]
) -> None:
    plan = plan_import(ledger("1,灯坏了", "编号,内容", "2,水停了", header="编号,内容"))
    assert [(request.external_id, request.words) for request in plan.new] == [
        ("1", "灯坏了"),
        ("2", "水停了"),
    ]


def test_the_same_id_twice_in_a_file_is_one_order_and_the_second_row_is_named(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    plan = plan_import(ledger("7,灯坏了,,,,,,,", "8,水停了,,,,,,,", "7,灯又坏了,,,,,,,"))
    assert plan.repeated == [4]
    assert plan.differing == [4]
    assert "1 行和前面的重复（第 4 行），其中 1 行内容不一样，请核对编号（第 4 行）" in summary_of(
        plan
    )
    run_import(plan, "system")
    assert [order.words for order in rows(Order)] == ["灯坏了", "水停了"]


def test_two_imports_of_one_file_at_once_store_it_once(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    lines = [f"{n},灯坏了,,,,,居民{n},18900000{n:03d}," for n in range(300)]
    plans = [plan_import(ledger(*lines)) for _ in range(3)]  # all looked before any stored
    together = Barrier(3)

    def store(plan: Any) -> list[str]:
        together.wait()
        return run_import(plan, "system")

    with ThreadPoolExecutor(3) as pool:
        stored = list(pool.map(store, plans))
    assert sorted(map(len, stored)) == [0, 0, 300]
    this_year = local_day(utc_now(), database.timezone).year
    assert sorted(order.number for order in rows(Order)) == [
        f"A-{this_year}-{n:04d}" for n in range(1, 301)
    ]


def test_numbers_go_on_where_single_orders_stopped(
    database: House, ledger: Callable[..., Path], place: Callable[..., str], monday: datetime
) -> None:
    place()
    lines = ["1,灯,诉求,,,,,,", "2,台灯,微心愿,,,,,,", "3,水,诉求,,,,,,"]
    assert run_import(plan_import(ledger(*lines)), "system") == [
        "A-2026-0002",
        "S-2026-0001",
        "A-2026-0003",
    ]
    assert place() == "A-2026-0004"


# --- nothing half-stored ----------------------------------------------------------------------


def test_one_wrong_cell_and_nothing_is_stored(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    plan = plan_import(ledger(LAMP, "2,水停了,,,,,,12,"))
    with pytest.raises(BadRows) as caught:
        run_import(plan, "system")
    assert str(caught.value) == (
        "文件“ledger.csv”里有 1 处要改，什么都没有存：第 3 行“电话”是“12”：“12”不是电话号码，"
        "请写 11 位手机号，或带区号的固定电话"
    )
    assert [rows(table) for table in (Order, History, Resident)] == [[], [], []]


def test_an_unknown_person_who_imports_leaves_nothing_behind(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    with pytest.raises(DiandanError):
        run_import(plan_import(ledger(LAMP)), "nobody")
    assert rows(Order) == []


def test_what_fails_in_the_middle_takes_everything_back(
    database: House, ledger: Callable[..., Path], rows: Rows
) -> None:
    plan = plan_import(ledger(*(f"{n},灯坏了,,,,,{n},," for n in range(1200))))

    def stop(_what: str, done: int) -> None:
        if done == 1000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_import(plan, "system", progress=stop)
    assert [rows(Order), rows(Resident)] == [[], []]
    assert run_import(plan, "system")[0].endswith("-0001")  # no number was used up


# --- what is wrong, and where -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (",,,,,,王,,", "第 2 行“内容”是“”：不能空着"),
        ("1,灯,投诉,,,,,,", "第 2 行“种类”是“投诉”：只能是 诉求、微心愿、大心愿"),
        (
            "1,灯,,第九网格,,,,,",
            "第 2 行“网格”是“第九网格”：没有网格“第九网格”，可用的有：第一网格、",
        ),
        ("1,灯,,,月亮,,,,", "第 2 行“类别”是“月亮”：没有类别“月亮”，可用的有：供电照明、"),
        ("1,灯,,,,很急,,,", "第 2 行“紧急程度”是“很急”：只能是 "),
        ("1,灯,,,,,,12,", "第 2 行“电话”是“12”：“12”不是电话号码"),
        (f"1,灯,,,,,{'长' * 61},,", "第 2 行“姓名”是“"),
        (f"1,{'灯' * 10_001},,,,,,,", "第 2 行“内容”是“"),
        ("1,灯,,,,,,,2099-01-01", "第 2 行“登记时间”是“2099-01-01”：在将来，请核对年份"),
        ("1,灯,,,,,,,1970-01-01", "第 2 行“登记时间”是“1970-01-01”：在 1990 年以前"),
        (
            "1,灯,,,,,,,昨天",
            "第 2 行“登记时间”是“昨天”：不是认得的日期，要写成 2024-05-01 09:30 或 ",
        ),
        ("1,灯,,,,,,,26-5-1", "第 2 行“登记时间”是“26-5-1”：不是认得的日期"),
        ("1,灯,,,,,,,,晚上很黑,老人摔了", "第 2 行：比表头多出来的内容；格子里有逗号时"),
        ("1,\x1b[31m,投\x1b诉,,,,,,", "第 2 行“种类”是“投 诉”：只能是"),
        ("1,灯,,,,,,,2026-02-30", "第 2 行“登记时间”是“2026-02-30”：不是认得的日期"),
    ],
)
def test_a_wrong_cell_is_told_with_its_row_column_value_and_what_would_be_right(
    database: House, ledger: Callable[..., Path], monday: datetime, line: str, said: str
) -> None:
    (mistake,) = mistakes(ledger(line))
    assert mistake.startswith(said)


def test_all_that_is_wrong_with_a_row_is_told_at_once(
    database: House, ledger: Callable[..., Path]
) -> None:
    told = mistakes(ledger("1,,投诉,第九网格,月亮,,王,12,昨天"))
    assert {mistake.split("“")[1].split("”")[0] for mistake in told} == {
        "内容",
        "种类",
        "网格",
        "类别",
        "电话",
        "登记时间",
    }


@pytest.mark.parametrize(
    "written",
    [
        "2026-05-01 09:30:00",
        "2026/5/1 9:30",
        "2026.5.1 9:30",
        "2026年5月1日 9:30",
        "2026年5月1日 9时30分",
        "2026年5月1日 上午9:30",
        "2026年5月1日 09:30:00",
        "2026.5.1 9:30:00",
        "2026/05/01T09:30",
        "2026-05-01T01:30:00Z",
        "2026-05-01T09:30+08:00",
    ],
)
def test_a_date_is_read_however_it_was_written(
    database: House, ledger: Callable[..., Path], written: str
) -> None:
    with clock_at(datetime(2026, 9, 14, tzinfo=UTC)):
        (request,) = plan_import(ledger(f"1,灯,,,,,,,{written}")).new
    assert request.asked_at == datetime(2026, 5, 1, 1, 30, tzinfo=UTC)


def test_an_id_is_the_same_as_number_and_as_text(database: House, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["编号", "内容", "电话"],
        [1, "灯", 18900000001],
        ["1", "水", None],
        ["01", "路", None],
    ):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    plan = plan_import(tmp_path / "a.xlsx")
    assert [(r.external_id, r.words, r.phone) for r in plan.new] == [
        ("1", "灯", "18900000001"),
        ("01", "路", ""),
    ]
    assert plan.repeated == [3]


def test_an_id_of_which_the_program_lost_the_last_digits_is_a_mistake(
    database: House, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    for row in (["编号", "内容"], [20250304000000001, "灯"], [20250304000000002, "水"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert [one.partition("：")[2][:5] for one in mistakes(tmp_path / "a.xlsx")] == [
        "数字太长，"
    ] * 2


def test_the_cell_that_is_broken_is_blamed_and_not_its_neighbour(
    database: House, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    for row in (
        ["留言编号", "留言用户", "留言主题", "留言时间", "留言详情"],
        [1, "甲", "灯坏了", "2026/5/1 9:30", "=A1"],
    ):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    assert mistakes(tmp_path / "a.xlsx")[0].startswith("第 2 行“留言详情”是“公式”")


def test_a_formula_without_a_value_is_a_mistake_and_never_an_empty_cell(
    database: House, tmp_path: Path
) -> None:
    book = openpyxl.Workbook()
    for row in (["编号", "内容", "网格"], [1, "灯", "=A1"]):
        book.active.append(row)
    book.save(tmp_path / "a.xlsx")
    (mistake,) = mistakes(tmp_path / "a.xlsx")
    assert mistake.startswith("第 2 行“网格”是“公式”：这一格是公式或错误值，没有可用的结果")


# --- which table it is ------------------------------------------------------------------------


def test_a_title_above_the_header_is_no_header(
    database: House, ledger: Callable[..., Path]
) -> None:
    path = ledger(HEADER, LAMP, header="2026 年诉求台账")
    (request,) = plan_import(path).new
    assert request.words == "三号巷口的路灯坏了"


def test_two_columns_of_one_name_are_told(database: House, ledger: Callable[..., Path]) -> None:
    with pytest.raises(BadFile, match="的表头里有两列都叫“电话”，请给一列改名，或删掉一列。"):
        plan_import(ledger("1,灯,,13900000001", header="编号,内容,电话,电话"))


def test_a_table_that_two_mappings_could_read_is_read_by_the_one_that_reads_more(
    database: House, ledger: Callable[..., Path]
) -> None:
    heads = "内容,留言编号,留言用户,留言主题,留言时间,留言详情"
    plan = plan_import(ledger("x,1,甲,灯,2026/5/1 9:30,坏了", header=heads))
    assert plan.mapping == "市民留言"


def test_a_file_of_too_many_rows_is_refused(
    database: House, ledger: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.importing.MAX_ROWS", 2)
    with pytest.raises(BadFile, match="超过 2 行，请分成几份再导入。"):
        plan_import(ledger("1,灯", "2,水", "3,路"))


def test_columns_may_stand_in_any_order_beside_others(
    database: House, ledger: Callable[..., Path]
) -> None:
    plan = plan_import(ledger("甲,灯坏了,7", header="备注,内容,编号"))
    assert [(r.external_id, r.words) for r in plan.new] == [("7", "灯坏了")]
    assert "没有用到的列：备注" in summary_of(plan)
    assert "表里没有的列：种类、地点、" in summary_of(plan)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "文件“ledger.csv”里面没有内容。"),
        ("甲,乙\n1,2", "文件“ledger.csv”的表头对不上（看了前 10 行）：第一行是 甲、乙。"),
        (
            f"{'长' * 1000}\n1",
            f"文件“ledger.csv”的表头对不上（看了前 10 行）：第一行是 {'长' * 29}…。",
        ),
    ],
)
def test_a_file_of_another_kind_is_told_what_a_table_needs(
    database: House, tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "ledger.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadFile) as caught:
        plan_import(tmp_path / "ledger.csv")
    assert str(caught.value).startswith(said)


def test_another_visible_sheet_is_named_and_not_read(database: House, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["这里只有说明"])
    for row in (["内容"], ["灯坏了"]):
        (book["台账"] if "台账" in book.sheetnames else book.create_sheet("台账")).append(row)
    book.save(tmp_path / "a.xlsx")
    plan = plan_import(tmp_path / "a.xlsx")
    assert (plan.sheet, plan.rows) == ("台账", 1)
    assert "没有读的工作表：Sheet" in summary_of(plan)


# --- mappings ---------------------------------------------------------------------------------

OWN = """
id: hotline
name: 热线
source: hotline
timezone: America/New_York
columns: {Ticket: external_id, What: words, More: words, Area: grid, About: category, Opened: asked_at}
values:
  grid: {East: grid-1}
  category: {Lamps: street-light, "*": other}
usual: {kind: appeal, urgency: green}
dates: ["%d.%m.%Y %H:%M"]
"""


@pytest.fixture
def hotline(tmp_path: Path) -> str:
    (tmp_path / "hotline.yaml").write_text(OWN, encoding="utf-8")
    return str(tmp_path / "hotline.yaml")


def test_a_mapping_of_one_s_own_turns_others_words_into_ours(
    database: House, ledger: Callable[..., Path], hotline: str
) -> None:
    lines = ["1,Lamp out,All night,East,Lamps,01.05.2026 09:30", "2,Noise,Noise,,Noise,"]
    path = ledger(*lines, header="Ticket,What,More,Area,About,Opened")
    one, other = plan_import(path, hotline).new
    assert (one.words, one.grid, one.category) == ("Lamp out\nAll night", "grid-1", "street-light")
    assert (one.urgency, one.source) == (Urgency.GREEN, "hotline")
    assert one.asked_at == datetime(2026, 5, 1, 13, 30, tzinfo=UTC)  # New York is 4 hours behind
    assert (other.words, other.grid, other.category) == ("Noise", None, "other")


def test_the_mapping_s_own_dates_go_before_all_others(
    database: House, ledger: Callable[..., Path], hotline: str
) -> None:
    text = OWN.replace('"%d.%m.%Y %H:%M"', '"%Y-%d-%m"')
    Path(hotline).write_text(text, encoding="utf-8")
    path = ledger("1,x,,,,2024-05-01", header="Ticket,What,More,Area,About,Opened")
    (request,) = plan_import(path, hotline).new
    assert request.asked_at == datetime(2024, 1, 5, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("usual", "said"),
    [
        ("{kind: 诉求}", ""),  # in the community's words
        ("{kind: 投诉}", "用的导入表“热线”里，usual 有一项不对：只能是 诉求、微心愿、大心愿。"),
        ('{kind: appeal, asked_at: "2024-05-01 09:30"}', ""),
        ("{kind: appeal, channel: nope}", "第 2 行“usual.channel”是“nope”：没有渠道“nope”"),
    ],
)
def test_what_holds_for_every_row_is_read_like_a_cell(
    database: House, ledger: Callable[..., Path], hotline: str, usual: str, said: str
) -> None:
    text = OWN.replace("{kind: appeal, urgency: green}", usual).replace(
        '"%d', '"%Y-%m-%d %H:%M", "%d'
    )
    Path(hotline).write_text(text, encoding="utf-8")
    path = ledger("1,x,,,,", header="Ticket,What,More,Area,About,Opened")
    try:
        told = mistakes(path, hotline)
    except BadFile as error:
        told = [str(error)]
    assert said in "".join(told)
    assert bool(told) == bool(said)


def test_a_changed_copy_of_a_mapping_is_read_in_its_place(
    database: House, ledger: Callable[..., Path], tmp_path: Path
) -> None:
    inside = database.settings.config / "imports" / "standard.yaml"
    copy = tmp_path / "standard.yaml"
    copy.write_text(
        inside.read_text(encoding="utf-8").replace("内容:", "说了什么:"), encoding="utf-8"
    )
    (request,) = plan_import(ledger("灯坏了", header="说了什么"), str(copy)).new
    assert request.words == "灯坏了"


def test_a_word_that_the_mapping_does_not_know_is_a_mistake(
    database: House, ledger: Callable[..., Path], hotline: str
) -> None:
    path = ledger("1,x,,West,,", header="Ticket,What,More,Area,About,Opened")
    assert mistakes(path, hotline)[0].startswith("第 2 行“Area”是“West”：没有网格“West”")


def test_a_mapping_with_an_unknown_field_is_refused_with_its_line(
    database: House, ledger: Callable[..., Path], hotline: str
) -> None:
    Path(hotline).write_text(OWN.replace("Area: grid", "Area: district"), encoding="utf-8")
    with pytest.raises(CatalogError) as caught:
        plan_import(ledger(LAMP), hotline)
    assert 'hotline.yaml:6: 导入表 hotline 的 "columns.Area" 不在可选的写法里' in str(caught.value)


@pytest.mark.parametrize(
    ("mapping", "kind", "said"),
    [
        ("moon", UnknownId, "没有导入表“moon”，可用的有：appeals、boston311、standard。"),
        ("moon.yaml", BadFile, "文件“moon.yaml”不存在。"),
    ],
)
def test_a_mapping_that_there_is_none_of_is_said(
    database: House, ledger: Callable[..., Path], mapping: str, kind: type[Exception], said: str
) -> None:
    with pytest.raises(kind) as caught:
        plan_import(ledger(LAMP), mapping)
    assert str(caught.value) == said


def test_the_time_that_is_now_is_no_future(database: House, ledger: Callable[..., Path]) -> None:
    assert mistakes(ledger(f"1,灯,,,,,,,{utc_now().isoformat()}")) == []


def test_a_clock_of_another_machine_may_be_some_hours_fast(
    database: House, ledger: Callable[..., Path], look: Any, monday: datetime
) -> None:
    plan = plan_import(ledger(f"1,灯,,,,,,,{(monday + timedelta(hours=20)).isoformat()}"))
    (number,) = run_import(plan, "system", keep_dates=True)
    assert look(number).placed_at == monday  # nothing was asked after now


def test_the_counter_of_a_year_is_there_once(
    database: House, ledger: Callable[..., Path], rows: Rows, monday: datetime
) -> None:
    run_import(plan_import(ledger(*(f"{n},灯,,,,,,," for n in range(3)))), "system")
    with reading(house().database) as session:
        assert [(c.series, c.last) for c in session.exec(select(Counter))] == [("A-2026", 3)]
