"""Whatever is typed: a clear sentence, nothing stored, nothing executed; and what is words stays as it was written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, text
from sqlmodel import col, select

from config.catalog import Catalog
from tasks.by_hand import errands, mark_told
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.errors import (
    BadDatabase,
    BadInput,
    DiandanError,
    NewerDatabase,
    OlderDatabase,
    UnknownId,
    UnknownOrder,
    WrongPurpose,
)
from tasks.house import House
from tasks.migrate import migrate, open_database
from tasks.models.enums import Action, Purpose
from tasks.models.inputs import INPUTS
from tasks.models.tables import (
    Counter,
    History,
    Installation,
    Member,
    Membership,
    Message,
    Order,
    Resident,
)
from tasks.requests import normal_phone, request_for
from tasks.views import order_json

Place = Callable[..., str]
Do = Callable[..., None]
Rows = Callable[..., list[Any]]
LONG = "灯" * 100_000

STRANGE = {
    "emoji": "灯🏮不亮 👨‍👩‍👧 🇨🇳",
    "Tibetan": "ལམ་སྒྲོན་མི་འདུག་ག་རེ་བྱེད་དགོས་རེད།",
    "a template": "{{ 7*7 }} {% for x in range(9) %}{{ x }}{% endfor %} {# #} ${7*7}",
    "a template's secrets": "{{ self.__init__.__globals__ }} {{ config }} {{ link }}",
    "SQL": "'; DROP TABLE orders; -- \" OR 1=1 /* */",
    "HTML": "<script>alert(1)</script> <b>灯</b> &amp; &#39;",
    "formats": "%s %(number)s {number} {0} \\n \\u0041 $HOME `id` $(id)",
    "right to left": "\u202eابن\u202c שלום",
    "combined": "e\u0301 ≠ é, Å ≠ Å",
    "lines": "第一行\n\n第三行\t有制表符",
}


@pytest.fixture
def nothing_stored(sqlite_house: House) -> Callable[[], bool]:
    """Whether no order, nobody, no message, and no number is in the database."""

    def look() -> bool:
        tables = (Order, Resident, History, Message, Counter)
        with reading(sqlite_house.database) as session:
            return not any(session.exec(select(table)).all() for table in tables)

    return look


# --- what is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"words": ""}, "“内容（words）”没有填，这一项必须填写。"),
        ({"words": " \n\t "}, "“内容（words）”没有填，这一项必须填写。"),
        ({"words": "\x00\x07\x1b"}, "“内容（words）”没有填，这一项必须填写。"),
        ({"words": LONG}, "“内容（words）”不对：太长了，最多 10000 个字。"),
        ({"resident": "名" * 200}, "“姓名（resident）”不对：太长了，最多 60 个字。"),
        ({"place": "路" * 201}, "“地点（place）”不对：太长了，最多 200 个字。"),
        ({"kind": "complaint"}, "“种类（kind）”不对：只能是 appeal、small_wish、big_wish。"),
        ({"kind": None}, "“种类（kind）”不对：只能是 appeal、small_wish、big_wish。"),
        ({"urgency": "now"}, "“紧急程度（urgency）”不对：只能是 normal、green、urgent。"),
        ({"consent": "perhaps"}, "“同意（consent）”不对：要写 yes 或 no。"),
        ({"external_id": ""}, "“外部编号（external_id）”没有填，这一项必须填写。"),
        ({"source": "s" * 41}, "“来源（source）”不对：太长了，最多 40 个字。"),
        ({"phone": LONG}, "“电话（phone）”不对：太长了，最多 200 个字。"),
        ({"phone": "12345"}, "“电话（phone）”不对：“12345”不是电话号码，"),
        ({"phone": "明天再说"}, "“电话（phone）”不对：“明天再说”不是电话号码，"),
        ({"phone": "138001380001"}, "“电话（phone）”不对：“138001380001”不是电话号码，"),
        ({"phone": "{{7*7}}"}, "“电话（phone）”不对：“{{7*7}}”不是电话号码，"),
        ({"grid": "grid-99"}, "没有网格“grid-99”，可用的有：第一网格、第二网格、"),
        ({"category": "moon"}, "没有类别“moon”，可用的有：供电照明、供水排水、"),
        (
            {"channel": "pigeon"},
            "没有渠道“pigeon”，可用的有：人工电话/转发、电子邮件、对接系统、服务台企业微信群。",
        ),
        ({"channel": "webhook", "phone": ""}, "选了渠道，就要写地址或电话。"),
        ({"moon": "1"}, "“moon”不对：“点单”没有这一项，可以填：kind、words、place、"),
        ({"by": "nobody"}, "没有操作人“nobody”"),
        ({"by": "staf-1"}, "没有操作人“staf-1”，是否想写“staff-1”"),
    ],
)
def test_an_order_that_is_not_right_is_refused_in_words_and_leaves_nothing(
    sqlite_house: House,
    place: Place,
    nothing_stored: Callable[[], bool],
    typed: dict[str, Any],
    sentence: str,
) -> None:
    with pytest.raises(DiandanError) as caught:
        place(**typed)
    assert sentence in str(caught.value)
    assert len(str(caught.value)) < 400
    assert nothing_stored()


@pytest.mark.parametrize(
    ("action", "typed", "sentence"),
    [
        ("hold", {"reason": "等", "date": "2026-13-40"}, "日期（date）”不对：要写成年-月-日"),
        ("hold", {"reason": "等", "date": "明天"}, "日期（date）”不对：要写成年-月-日"),
        ("hold", {"reason": "等", "date": ""}, "日期（date）”不对：要写成年-月-日"),
        ("hold", {"reason": "等"}, "日期（date）”没有填，这一项必须填写。"),
        ("hold", {"reason": LONG, "date": "2026-12-01"}, "最多 2000 个字。"),
        ("pledge", {"donor": "", "kind": "money", "yuan": "1"}, "资助方（donor）”没有填，"),
        ("pledge", {"donor": "甲", "kind": "gold", "yuan": "1"}, "只能是 money、goods、labour。"),
        ("pledge", {"donor": "甲", "kind": "money", "yuan": "1.234"}, "最多两位小数，例如 12.34。"),
        ("pledge", {"donor": "甲", "kind": "money", "yuan": "-1"}, "金额要大于 0，"),
        ("pledge", {"donor": "甲", "kind": "money", "yuan": "1e9"}, "最多两位小数，例如 12.34。"),
        (
            "pledge",
            {"donor": "甲", "kind": "money", "yuan": "0"},
            "金额要大于 0，且不超过一千亿元。",
        ),
        ("pledge", {"donor": "甲", "kind": "money", "yuan": "9999999999999"}, "不超过一千亿元。"),
        ("rate", {"grade": "6", "solved": "yes"}, "只能是 satisfied、basically、unsatisfied。"),
        ("rate", {"grade": "satisfied"}, "是否解决（solved）”没有填，这一项必须填写。"),
        ("take", {"to": "unit-power"}, "“单位接单”没有这一项，可以填：reason。"),
    ],
)
def test_an_action_that_is_not_right_is_refused_in_words(
    action: str, typed: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(BadInput) as caught:
        request_for(Action(action), typed)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("action", [action.value for action in Action])
def test_no_field_of_any_action_takes_a_hundred_thousand_characters(action: str) -> None:
    model = INPUTS[Action(action)]
    for name in model.model_fields:
        with pytest.raises(BadInput) as caught:
            request_for(Action(action), {name: LONG})
        assert len(str(caught.value)) < 400


@pytest.mark.parametrize("value", [None, 3, 2.5, [], {}, ["灯"], {"a": 1}, b"\xff", object()])
def test_a_value_of_the_wrong_shape_is_refused_in_words(value: object) -> None:
    for action in Action:
        for name, field in INPUTS[action].model_fields.items():
            if field.is_required() and not (name == "yuan" and value == 3):
                with pytest.raises(BadInput):
                    request_for(action, {name: value})


def test_an_order_that_is_not_there_is_named_in_a_short_sentence(
    database: House, place: Place, do: Do
) -> None:
    place()
    for number in (
        *("", "A", "A-2026-9999", "1", "A-2026-0001\x00", "\x00", "\ud800", LONG),
        "'; DROP TABLE orders",
    ):
        for ask in (order_json, lambda number: do(number, "accept")):
            with pytest.raises(UnknownOrder) as caught:
                ask(number)
            assert "请核对编号（样式：A-2026-0001）" in str(caught.value)
            assert len(str(caught.value)) < 120


@pytest.mark.parametrize("typed", ["a-2026-0001", " A-2026-0001 ", "a-2026-0001\n"])
def test_a_number_is_found_however_it_was_typed(
    sqlite_house: House, place: Place, do: Do, look: Callable[[str], Order], typed: str
) -> None:
    number = place(external_id="x")
    with transaction(sqlite_house.database) as session:
        session.exec(select(Order)).one().number = "A-2026-0001"
    do(typed, "accept")
    assert look("A-2026-0001").status == "accepted", number


def test_nobody_acts_under_a_name_that_nobody_has(
    database: House, place: Place, do: Do, rows: Rows
) -> None:
    number = place()
    before = (rows(Order), rows(History), rows(Message))
    for who in ("", "nobody", "staff-1\x00", "\ud800", LONG, "' OR 1=1 --", "{{7*7}}", "洛桑"):
        for attempt in (
            lambda who: do(number, "accept", by=who),
            lambda who: place(by=who),
            lambda who: mark_told([1], who),
        ):
            with pytest.raises(UnknownId, match="没有操作人") as caught:
                attempt(who)
            assert len(str(caught.value)) < 200
    assert (rows(Order), rows(History), rows(Message)) == before


def test_nobody_claims_under_a_name_that_nobody_has(
    database: House, place_at: Place, do: Do, look: Callable[[str], Order]
) -> None:
    number = place_at("taken")
    for to in ("m-999", "边巴", "{{7*7}}", "' OR 1=1 --", "🏮"):
        with pytest.raises(UnknownId, match="没有党员"):
            do(number, "claim", to=to)
    assert look(number).status == "taken"


def test_people_and_bodies_are_found_by_their_names(
    database: House, place: Place, do: Do, look: Callable[[str], Order]
) -> None:
    number = place(grid="第三网格", category="供电照明", channel="人工电话/转发")
    do(number, "accept", by="洛桑罗布", category="道路设施", grid="第一网格")
    assert (look(number).category, look(number).grid) == ("roads", "grid-1")
    do(number, "assign", by="格桑卓玛", to="公路养护段")
    do(number, "reassign", to="供电所", reason="是灯")
    do(number, "take", by="供电所")
    do(number, "claim", by="边巴德吉", to="边巴德吉")
    assert (look(number).handler, look(number).member) == ("unit-power", "m-241")


def test_a_name_that_two_members_share_is_settled_by_the_handler_or_not_at_all(
    sqlite_house: House, place_at: Place, do: Do, look: Callable[[str], Order]
) -> None:
    with transaction(sqlite_house.database) as session:
        for id, handler in (("m-901", "unit-power"), ("m-902", "unit-water")):
            session.add(Member(id=id, name="同名人", handler=handler, verified=True))
            session.flush()
            session.add(Membership(member=id, handler=handler, since=utc_now()))
    number = place_at("taken")
    do(number, "claim", to="同名人")
    assert look(number).member == "m-901"
    wish = place_at("placed", kind="small_wish")
    do(wish, "accept")
    with pytest.raises(UnknownId, match="没有党员“同名人”"):
        do(wish, "claim", to="同名人")


# --- phones ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "dialled"),
    [
        ("", ""),
        ("  ", ""),
        ("13800138000", "13800138000"),
        (" 138 0013-8000 ", "13800138000"),
        ("+86 13800138000", "13800138000"),
        ("0086-138-0013-8000", "13800138000"),
        ("１３８００１３８０００", "13800138000"),  # typed with a Chinese keyboard
        ("19912345678", "19912345678"),  # a range newer than the library
        ("0893-7812345", "08937812345"),  # 山南, a fixed line
        ("(0891) 6323456", "08916323456"),
        ("+1 650 253 0000", "+16502530000"),
        ("+853 6612 3456", "+85366123456"),
    ],
)
def test_phones_are_read_as_people_write_them(typed: str, dialled: str) -> None:
    assert normal_phone(typed) == dialled


@pytest.mark.parametrize(
    "typed", ["110", "12345", "138001380", "138001380001", "+1 13800138000", "abc", "🏮", "1" * 300]
)
def test_what_cannot_be_dialled_is_no_phone(typed: str) -> None:
    with pytest.raises(BadInput, match="请写 11 位手机号，或带区号的固定电话"):
        normal_phone(typed)


# --- what is kept as it is ------------------------------------------------------------------------


def test_strange_words_are_stored_as_they_are_and_executed_nowhere(
    database: House, place: Place, do: Do, look: Callable[[str], Order], rows: Rows
) -> None:
    for what, words in STRANGE.items():
        one_line = " ".join(words.split())
        number = place(words=words, place=words, resident=words[:40].strip(), by="staff-1")
        assert (look(number).words, look(number).place) == (words, one_line), what
        assert rows(Resident)[-1].name == " ".join(words[:40].split()), what
        do(number, "decline", reason=words, instead=words)
        assert rows(History)[-1].reason == words, what
        errand = errands()[-1]
        assert (words if "\n" not in words else "第一行") in errand.text.body, what
        assert "49" not in errand.text.body, what
        assert "\n" not in errand.text.subject, what
        assert order_json(number)["words"] == words, what


def test_control_characters_fall_out_and_line_ends_become_one(
    database: House, place: Place, look: Callable[[str], Order]
) -> None:
    number = place(words="灯\x00不\x1b[31m亮\r\n真的\r\ud800", place="三号\x00院\n东门")
    assert look(number).words == "灯不[31m亮\n真的"
    assert look(number).place == "三号院 东门"


def test_the_longest_words_that_are_allowed_come_back_whole(
    database: House, place: Place, look: Callable[[str], Order]
) -> None:
    words = "🏮" * 5_000
    assert look(place(words=words)).words == words
    assert "🏮…”" in errands()[0].text.body  # a message shows their beginning


# --- databases --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "url",
    [
        "",
        "not a url",
        "mysql://root@127.0.0.1/diandan",  # a driver that we do not ship
        "nonsense://x",
        "postgresql+psycopg://user:pass-word@127.0.0.1:port/diandan",
        "postgresql+psycopg://user:pass-word@127.0.0.1:1/diandan",  # nobody listens there
        "postgresql+psycopg://user:pass-word@127.0.0.1:1/diandan?moon=1",
        "sqlite:////proc/diandan/diandan.db",  # cannot be made
    ],
)
def test_a_database_that_cannot_be_opened_is_named_without_its_password(
    example_catalog: Catalog, url: str
) -> None:
    for open_it in (open_database, migrate):
        with pytest.raises(BadDatabase, match="打不开数据库") as caught:
            open_it(url, example_catalog)
        assert "pass-word" not in str(caught.value)


def test_a_file_that_is_no_database_is_named_and_left_alone(
    tmp_path: Path, example_catalog: Catalog
) -> None:
    letter = tmp_path / "letter.txt"
    letter.write_text("这不是数据库" * 1000, encoding="utf-8")
    for open_it in (open_database, migrate):
        with pytest.raises(BadDatabase, match=r"打不开数据库 sqlite:.*letter\.txt"):
            open_it(f"sqlite:///{letter}", example_catalog)
    assert letter.read_text(encoding="utf-8") == "这不是数据库" * 1000


def test_a_folder_is_no_database(tmp_path: Path, example_catalog: Catalog) -> None:
    with pytest.raises(BadDatabase, match="打不开数据库"):
        open_database(f"sqlite:///{tmp_path}", example_catalog)


def test_an_empty_database_becomes_a_production_one_unless_told_otherwise(
    empty_database: str, example_catalog: Catalog
) -> None:
    assert open_database(empty_database, example_catalog) is Purpose.PRODUCTION
    assert open_database(empty_database, example_catalog) is Purpose.PRODUCTION
    with pytest.raises(WrongPurpose) as caught:
        migrate(empty_database, example_catalog, Purpose.DEMO)
    assert str(caught.value) == ("这个数据库标记为“正式”，不能改成“演示”；请另用一个数据库。")
    assert migrate(empty_database, example_catalog) is Purpose.PRODUCTION


def test_migrating_again_changes_nothing(database: House, rows: Rows) -> None:
    before = (rows(Installation), rows(Member))
    assert len(before[1]) == len(database.catalog.members)
    assert migrate(database.database, database.catalog, Purpose.TEST) is Purpose.TEST
    assert (rows(Installation), rows(Member)) == before


def test_new_members_of_the_configuration_join_and_changed_ones_stay_as_they_are(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    rows: Rows,
) -> None:
    with transaction(sqlite_house.database) as session:
        session.exec(select(Member).where(Member.id == "m-241")).one().verified = False
        session.execute(delete(Membership).where(col(Membership.member) == "m-242"))
        session.execute(delete(Member).where(col(Member.id) == "m-242"))
    renamed = community({"people.yaml": {"members": {"m-243": {"name": "改了名"}}}})
    house = settle(config=renamed)
    assert open_database(house.database, house.catalog) is Purpose.TEST
    members = {member.id: member for member in rows(Member)}
    assert (members["m-241"].verified, members["m-242"].verified) == (False, True)
    assert members["m-243"].name == "杨玉兰"


@pytest.mark.parametrize(
    ("revision", "error", "sentence"),
    [
        ("9999", NewerDatabase, "数据库（版本 9999）比本软件新，请升级软件后再启动。"),
        ("0000", NewerDatabase, "数据库（版本 0000）比本软件新，请升级软件后再启动。"),
    ],
)
def test_a_database_of_a_newer_release_is_left_alone(
    database: House, revision: str, error: type[DiandanError], sentence: str
) -> None:
    with transaction(database.database) as session:
        session.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
    for open_it in (open_database, migrate):
        with pytest.raises(error) as caught:
            open_it(database.database, database.catalog)
        assert str(caught.value) == sentence
    with reading(database.database) as session:
        assert session.execute(text("SELECT version_num FROM alembic_version")).all() == [
            (revision,)
        ]


def test_a_database_of_an_older_release_asks_for_the_upgrade(
    sqlite_house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "tasks.migrate.ScriptDirectory.get_current_head", lambda _scripts: "the next one"
    )
    with pytest.raises(OlderDatabase, match=r"（0018），请先运行 diandan init 升级"):
        open_database(sqlite_house.database, sqlite_house.catalog)
