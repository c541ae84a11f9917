"""The example community is right, and whoever breaks a line of it is told which."""

import re
import shutil
import time
from datetime import date, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
from pydantic import ValidationError

from config.catalog import (
    Allowance,
    Catalog,
    CatalogError,
    ChannelKind,
    HandlerKind,
    Mistake,
    TeamRole,
    load_catalog,
)

EXAMPLE = Path(__file__).resolve().parents[2] / "config" / "example"


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return load_catalog(EXAMPLE)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(EXAMPLE, tmp_path / "community"))


def break_line(folder: Path, file: str, line: int, old: str, new: str) -> None:
    lines = (folder / file).read_text(encoding="utf-8").split("\n")
    assert lines[line - 1].count(old) == 1, f"the example has changed: {file}:{line} lacks {old}"
    lines[line - 1] = lines[line - 1].replace(old, new)
    (folder / file).write_text("\n".join(lines), encoding="utf-8")


def mistakes_in(folder: Path) -> tuple[Mistake, ...]:
    with pytest.raises(CatalogError) as raised:
        load_catalog(folder)
    return raised.value.mistakes


# --- the example community ------------------------------------------------------------------


def test_the_example_has_seven_grids_and_three_dedicated_ones(catalog: Catalog) -> None:
    dedicated = [grid.dedicated for grid in catalog.grids.values()]
    assert (dedicated.count(False), dedicated.count(True)) == (7, 3)
    assert list(catalog.grids)[:2] == ["grid-1", "grid-2"]  # in the file's order


def test_eight_service_teams_have_186_people_all_named_differently(catalog: Catalog) -> None:
    teams = [each for each in catalog.handlers.values() if each.role is TeamRole.SERVICE]
    people = [member.name for team in teams for member in catalog.handler_members(team.id)]
    assert (len(teams), len(people), len(set(people))) == (8, 186, 186)
    names = {team.name[:4] for team in teams}
    assert names >= {"矛盾调解", "美丽公约", "板凳议事"}
    assert "石榴籽服务队" in {team.name for team in teams}


def test_there_are_23_units_and_each_has_somebody(catalog: Catalog) -> None:
    units = [each for each in catalog.handlers.values() if each.kind is HandlerKind.UNIT]
    assert len(units) == 23
    assert all(catalog.handler_members(unit.id) and unit.role is None for unit in units)


def test_every_grid_has_its_officers_and_the_community_one_desk(catalog: Catalog) -> None:
    officers = {grid.officers for grid in catalog.grids.values()}
    assert len(officers) == 10
    assert {catalog.handlers[team].role for team in officers} == {TeamRole.OFFICERS}
    desks = [each.id for each in catalog.handlers.values() if each.role is TeamRole.DESK]
    assert desks == ["desk"] == [catalog.community.desk]


def test_three_staff_are_members_of_the_desk(catalog: Catalog) -> None:
    assert list(catalog.staff) == ["staff-1", "staff-2", "staff-3"]
    for person in catalog.staff.values():
        assert catalog.members[person.member].name == person.name
        assert catalog.members[person.member].handler == "desk"


def test_the_ladder_has_five_rungs_from_bottom_to_top(catalog: Catalog) -> None:
    assert [(rung.level, rung.scope) for rung in catalog.ladder] == [
        (1, "grid"),
        (2, "grid"),
        (3, "grid"),
        (4, "community"),
        (5, "community"),
    ]


def test_the_chat_groups_hold_530_merchants_275_landlords_1400_residents(catalog: Catalog) -> None:
    counted = {
        kind: [group.people for group in catalog.chat_groups.values() if group.kind == kind]
        for kind in ("merchants", "landlords", "residents")
    }
    assert {kind: (len(each), sum(each)) for kind, each in counted.items()} == {
        "merchants": (7, 530),
        "landlords": (7, 275),
        "residents": (6, 1400),
    }


def test_no_keyword_leads_to_two_categories(catalog: Catalog) -> None:
    words = [word for category in catalog.categories.values() for word in category.keywords]
    assert len(words) == len(set(words))
    assert catalog.categories["other"].keywords == ()


def test_the_limits_are_those_of_the_domain(catalog: Catalog) -> None:
    finish = {each: str(catalog.service_levels[each].finish) for each in catalog.service_levels}
    assert finish == {"quick": "3wd", "standard": "7wd", "complex": "15wd", "wish": "15wd"}
    level = catalog.service_levels["standard"]
    limits = (level.accept, level.take, level.refer, level.claim, level.contact, level.urgent)
    assert [str(limit) for limit in limits] == ["2h", "1wd", "5wd", "1wd", "1d", "1d"]
    windows = (level.open_claim, level.rating_window, level.reopen_window)
    assert [str(limit) for limit in windows] == ["7d", "14d", "14d"]
    assert [str(limit) for limit in level.rating_reminders] == ["3d", "7d"]
    assert str(catalog.service_levels["wish"].contact) == "7d"


def test_the_channels_calendar_and_schedules_are_read(catalog: Catalog) -> None:
    assert {each.id: each.kind for each in catalog.channels.values()} == {
        "by-hand": ChannelKind.BY_HAND,
        "mail": ChannelKind.MAIL,
        "webhook": ChannelKind.WEBHOOK,
        "wecom-desk": ChannelKind.WECOM_ROBOT,
    }
    assert catalog.calendar.hours == {"mon-fri": ("09:30-13:00", "15:30-18:30")}
    assert catalog.calendar.holidays[0] == date(2026, 2, 18)
    assert dict(catalog.schedules) == {
        "reconcile": "*/10 * * * *",
        "nightly": "30 2 * * *",
        "weekly": "0 8 * * mon",
    }
    assert (catalog.community.quiet, str(catalog.community.keep_residents)) == (
        "21:00-08:00",
        "365d",
    )


def test_no_phone_in_the_example_can_be_anybodys(catalog: Catalog) -> None:
    phones = {each.phone for each in catalog.handlers.values()}
    phones |= {each.phone for each in catalog.members.values()} - {""}
    phones |= {each.phone for each in catalog.staff.values()} | {catalog.community.desk_phone}
    assert phones
    for phone in phones:
        assert re.fullmatch(r"0893-0\d{6}", phone)  # no local number starts with a zero


def test_every_command_can_afford_to_load_it(catalog: Catalog) -> None:
    started = time.perf_counter()
    load_catalog(EXAMPLE)
    assert time.perf_counter() - started < 0.5


# --- what others ask of the catalog ---------------------------------------------------------


@pytest.mark.parametrize(
    ("category", "grid", "handlers"),
    [
        ("street-light", "grid-3", ("unit-power", "officers-grid-3")),
        ("street-light", None, ("unit-power", "desk")),  # nobody knows whose officers
        ("street-light", "grid-9", ("unit-power", "desk")),  # a grid that is no more
        ("other", "grid-3", ("desk",)),
        ("no-more", "grid-3", ("desk",)),  # a category that is no more is taken for other
        ("market", "grid-market", ("unit-market-office", "unit-market-supervision")),
        ("market", "grid-3", ("unit-market-supervision",)),  # the office serves its grid alone
        ("market", None, ("unit-market-supervision",)),
    ],
)
def test_an_order_is_proposed_to_those_who_serve_its_grid(
    catalog: Catalog, category: str, grid: str | None, handlers: tuple[str, ...]
) -> None:
    assert catalog.default_handlers(category, grid) == handlers


def test_a_handler_named_twice_is_proposed_once(folder: Path) -> None:
    break_line(folder, "categories.yaml", 8, '"@officers"', '"@officers", "@desk", unit-power')
    proposed = load_catalog(folder).default_handlers("street-light", None)
    assert proposed == ("unit-power", "desk")


def test_the_desk_is_proposed_when_nobody_serves_the_grid(folder: Path) -> None:
    break_line(folder, "handlers.yaml", 28, "name: 供电所", "name: 供电所, grids: [grid-1]")
    break_line(folder, "categories.yaml", 8, ', "@officers"', "")
    assert load_catalog(folder).default_handlers("street-light", "grid-2") == ("desk",)


@pytest.mark.parametrize(
    ("handler", "serves"),
    [
        ("unit-power", True),
        ("desk", True),
        ("officers-grid-3", True),
        ("officers-grid-4", True),  # any grid's officers may help
        ("unit-water", False),
        ("team-mediation", False),
        ("nobody", False),
    ],
)
def test_a_street_lamp_may_go_to_the_power_station_the_desk_or_officers(
    catalog: Catalog, handler: str, serves: bool
) -> None:
    assert catalog.serves(handler, "street-light", "grid-3") is serves


@pytest.mark.parametrize(
    ("level", "grid", "holders"),
    [
        (1, "grid-1", ("m-008",)),
        (2, "grid-1", ("m-009",)),
        (3, "grid-1", ("m-200",)),
        (1, None, ()),
        (1, "grid-9", ()),
        (4, "grid-1", ("staff-1", "m-004")),
        (4, None, ("staff-1", "m-004")),
        (5, None, ("m-278",)),
    ],
)
def test_each_rung_is_held_by_somebody(
    catalog: Catalog, level: int, grid: str | None, holders: tuple[str, ...]
) -> None:
    assert catalog.rung_holders(level, grid) == holders


@pytest.mark.parametrize("level", [0, 6, -1])
def test_there_is_no_sixth_rung(catalog: Catalog, level: int) -> None:
    with pytest.raises(ValueError, match=str(level)):
        catalog.rung_holders(level, "grid-1")


def test_an_unknown_handler_has_no_members(catalog: Catalog) -> None:
    assert catalog.handler_members("nobody") == ()


@pytest.mark.parametrize(
    ("text", "amount", "unit", "wall_clock"),
    [
        ("90m", 90, "m", timedelta(minutes=90)),
        ("2h", 2, "h", timedelta(hours=2)),
        ("3wd", 3, "wd", timedelta(days=3)),
        ("1d", 1, "d", timedelta(hours=24)),
    ],
)
def test_an_allowance_is_read_and_written_alike(
    text: str, amount: int, unit: str, wall_clock: timedelta
) -> None:
    allowance = Allowance.parse(text)
    assert (allowance.amount, allowance.unit, allowance.wall_clock) == (amount, unit, wall_clock)
    assert str(allowance) == text
    assert Allowance.parse(allowance) is allowance


@pytest.mark.parametrize(
    "text", ["0d", "3", "wd", "-1d", "1.5h", "2 h", "3w", "", "三天", "99999d", None]
)
def test_what_is_no_allowance_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="时限|零|太长"):
        Allowance.parse(text)
    with pytest.raises(ValidationError):
        Allowance(0, "d")


def test_a_phone_keeps_its_zero_without_quotes(folder: Path) -> None:
    break_line(folder, "community.yaml", 7, '"0893-0000000"', "08930000000")
    assert load_catalog(folder).community.desk_phone == "08930000000"


def test_a_file_saved_by_a_windows_editor_reads_as_well(folder: Path) -> None:
    text = (folder / "community.yaml").read_text(encoding="utf-8")
    (folder / "community.yaml").write_bytes(text.replace("\n", "\r\n").encode("utf-8-sig"))
    assert load_catalog(folder).community.name == "示范社区"


# --- one broken line, one mistake -----------------------------------------------------------


class Slip(NamedTuple):
    """On `line` of `file`, `old` becomes `new`; the mistake is told with `words`, `at` a line
    (the broken one where None)."""

    file: str
    line: int
    old: str
    new: str
    words: tuple[str, ...]
    at: int | None = None


ORG, HAND, PEOPLE = "organisation.yaml", "handlers.yaml", "people.yaml"
CATS, LEVELS, CHATS = "categories.yaml", "service_levels.yaml", "chat_groups.yaml"
BY_HAND = ", contacts: [{channel: by-hand}]"

SLIPS = {
    # YAML itself
    "a bracket is not closed": Slip(HAND, 28, "]}", "]", ("读不懂", "括号")),
    "a quote is not closed": Slip(CATS, 113, '@desk"', "@desk", ("读不懂", "引号")),
    "a full-width colon": Slip(CATS, 5, "name: ", "name：", ("读不懂", "中文标点", "：")),
    "a full-width comma": Slip(HAND, 28, "unit-power, ", "unit-power，", ("中文标点", "，")),
    "a tab": Slip(LEVELS, 8, "    take", "\ttake", ("读不懂", "Tab")),
    "@ without quotes": Slip(CATS, 113, '"@desk"', "@desk", ("读不懂", '"@desk"')),
    "a control character": Slip(CATS, 5, "供电", "供\x07电", ("读不懂",)),
    "a key twice": Slip(
        LEVELS, 8, "take: 1wd", "take: 1wd\n    take: 2wd", ('"take" 写了两次', "第 8 行"), 9
    ),
    "a key twice within braces": Slip(
        PEOPLE, 17, "handler:", "name: 甲, handler:", ('"name" 写了两次',)
    ),
    "an alias": Slip(CATS, 8, 'unit-power, "@officers"', "&a unit-power, *a", ("引用",)),
    # keys
    "an unknown key": Slip(
        CATS, 9, "keywords", "keyword", ("street-light", '不认识 "keyword"', '"keywords"')
    ),
    "an unknown key at the top": Slip(
        ORG, 23, "roles:", "rolls: []\nroles:", ('"rolls"', '"roles"')
    ),
    "an unknown key in a contact": Slip(
        PEOPLE, 17, "by-hand}", "by-hand, adress: x}", ("m-005", "contacts.adress", '"address"')
    ),
    "an unknown key in a whole file": Slip(
        "community.yaml", 7, "desk_phone", "phone: x\ndesk_phone", ("社区", '"phone"')
    ),
    "a schedule of no flow": Slip(
        "schedules.yaml", 3, "nightly", "nightli: x\nnightly", ('"nightli"', '"nightly"')
    ),
    "a kind that the list says": Slip(
        HAND, 28, "name:", "kind: team, name:", ("unit-power", "kind")
    ),
    "a missing key": Slip(CATS, 7, "service_level: quick", "", ("缺少", "service_level"), 4),
    "a missing key within braces": Slip(CHATS, 4, ", people: 82", "", ("merchants-1", "people")),
    "a missing schedule": Slip("schedules.yaml", 3, "nightly:", "#", ("缺少", "nightly"), 2),
    "a contact without channel": Slip(HAND, 28, "channel: by-hand", "", ("contacts.channel",)),
    # kinds of values
    "a word for a number": Slip(CHATS, 4, "82", "many", ("merchants-1", '"people"', "整数")),
    "a number beyond all bounds": Slip(CHATS, 4, "82", "8" * 5000, ('"people"', "写法不对")),
    "a number below one": Slip(CHATS, 4, "82", "0", ('"people"', "太小", "1")),
    "a word for yes or no": Slip(ORG, 4, "false", "maybe", ("grid-1", '"dedicated"', "true")),
    "a text for a list": Slip(
        CATS,
        9,
        "[路灯, 楼道灯, 灯坏, 灯不亮, 灯泡, 停电, 断电, 没电, 电线, 电表, 跳闸, 漏电, 照明, 变压器]",
        "路灯",
        ("keywords", "列表"),
    ),
    "a list for a text": Slip(CATS, 5, "供电照明", "[供电照明]", ('"name"', "一段文字")),
    "nothing for a text": Slip(CATS, 5, "供电照明", "", ("street-light", '"name"', "文字")),
    "an empty text": Slip(CATS, 5, "供电照明", '""', ('"name"', "空")),
    "a text for an entry": Slip(ORG, 32, "{id: volunteer, name: 志愿者}", "x", ("角色", "键")),
    "a text for the hours": Slip(
        "calendar.yaml", 4, '  mon-fri: ["09:30-13:00", "15:30-18:30"]', "  always", ("hours",), 3
    ),
    "an unknown kind of channel": Slip(
        "channels.yaml", 6, "kind: mail", "kind: post", ("mail", '"kind"', "by_hand")
    ),
    "an unknown kind of group": Slip(CHATS, 4, "merchants,", "shops,", ('"kind"', "landlords")),
    # ids and names
    "an id in capitals": Slip(ORG, 32, "volunteer", "Volunteer", ('"Volunteer"', "小写")),
    "an id in Chinese": Slip(ORG, 32, "volunteer", "志愿者甲", ("志愿者甲", "英文")),
    "an id with an underscore": Slip(ORG, 32, "volunteer", "volun_teer", ('"id"', "短横线")),
    "an id twice": Slip(ORG, 32, "volunteer", "party-member", ("party-member", f"{ORG}:31")),
    "a member with a staff id": Slip(
        PEOPLE, 18, "m-006", "staff-1", ("staff-1", "已经用过", f"{PEOPLE}:5")
    ),
    "a grid's name twice": Slip(ORG, 5, "第二网格", "第一网格", ("grid-2", "重名", f"{ORG}:4")),
    "a handler's name twice": Slip(HAND, 29, "自来水厂", "供电所", ("unit-water", f"{HAND}:28")),
    "a category's name twice": Slip(CATS, 12, "供水排水", "供电照明", ("water", f"{CATS}:4")),
    "a staff name twice": Slip(PEOPLE, 6, "格桑卓玛", "洛桑罗布", ("staff-2", f"{PEOPLE}:5")),
    "a member's name twice": Slip(PEOPLE, 18, "洛桑德吉", "白玛卓玛", ("m-006", f"{PEOPLE}:17")),
    # names of what is not there
    "a category's handler": Slip(
        CATS,
        8,
        "unit-power",
        "unit-powr",
        ('类别 street-light 的承办方 "unit-powr" 不存在', '"unit-power"'),
    ),
    "a handler by its name": Slip(CATS, 8, "unit-power", "供电所", ("供电所", '"unit-power"')),
    "a misspelt @officers": Slip(CATS, 8, "@officers", "@officer", ('"@officer"', '"@officers"')),
    "a category's service level": Slip(CATS, 7, "quick", "quik", ("时限", '"quik"', '"quick"')),
    "a member's handler": Slip(
        PEOPLE, 18, "officers-grid-1", "officers-grid-11", ("m-006", "承办方", '"officers-grid-1"')
    ),
    "a grid's officers": Slip(ORG, 4, "officers-grid-1", "oficers-grid-1", ("grid-1", "网格队伍")),
    "a grid's household": Slip(ORG, 4, "m-008", "m-908", ("grid-1", "党员中心户", '"m-908"')),
    "a grid's branch": Slip(ORG, 4, "m-009", "m-909", ("grid-1", "网格党支部", '"m-909"')),
    "a grid's general branch": Slip(ORG, 4, "m-200", "m-900", ("网格党（总）支部", '"m-900"')),
    "a rung's holder": Slip(ORG, 20, "staff-1", "staff-9", ("值守人", '"staff-9"', "staff-")),
    "a handler's grid": Slip(
        HAND, 28, "name:", "grids: [grid-0], name:", ("unit-power", '"grid-0"')
    ),
    "a staff role": Slip(PEOPLE, 5, "coordinator", "cordinator", ("角色", '"coordinator"')),
    "a staff member": Slip(PEOPLE, 5, "m-001", "m-901", ("staff-1", "党员编号", '"m-901"')),
    "a chat group's grid": Slip(CHATS, 4, "grid-1", "gird-1", ("merchants-1", "网格", '"grid-1"')),
    "a handler's channel": Slip(HAND, 28, "by-hand", "byhand", ("渠道", '"byhand"', '"by-hand"')),
    "a member's channel": Slip(PEOPLE, 17, "by-hand", "phone", ("m-005", "渠道", '"phone"')),
    "a staff channel": Slip(PEOPLE, 5, "by-hand", "by-hands", ("staff-1", "渠道", '"by-hand"')),
    "the desk's channel": Slip(
        "community.yaml", 10, "wecom-desk", "wecom", ("社区 example", "渠道", '"wecom"')
    ),
    "the desk": Slip(
        "community.yaml", 6, "desk: desk", "desk: dask", ("服务台", '"dask"', '"desk"')
    ),
    # what must not be empty
    "a category without handler": Slip(CATS, 113, '["@desk"]', "[]", ("other", "没有承办方")),
    "a grid without household": Slip(ORG, 4, "[m-008]", "[]", ("grid-1", "党员中心户", "值守人")),
    "a grid without branch": Slip(ORG, 4, "[m-009]", "[]", ("网格党支部的值守人",)),
    "a grid without general branch": Slip(ORG, 4, "[m-200]", "[]", ("网格党（总）支部的值守人",)),
    "a rung without holder": Slip(ORG, 21, "[m-278]", "[]", ("town-committee", "没有值守人")),
    "a rung that names none": Slip(ORG, 21, ", holders: [m-278]", "", ("没有值守人", "holders")),
    "coordinators without channel": Slip(
        "community.yaml", 10, "[{channel: wecom-desk}, {channel: by-hand}]", "[]", ("渠道",)
    ),
    # roles
    "a staff person who is elsewhere": Slip(
        PEOPLE, 5, "m-001", "m-006", ("staff-1", '"m-006"', "不在社区服务台", "officers-grid-1")
    ),
    "a service team as officers": Slip(
        ORG, 4, "officers-grid-1", "team-youth", ("grid-1", '"team-youth"', "role: officers")
    ),
    "officers of another grid": Slip(
        HAND, 7, "[grid-1]", "[grid-2]", ("officers-grid-1", "grids", "grid-1")
    ),
    "a second desk": Slip(HAND, 18, "role: service", "role: desk", ("team-mediation", "多出来")),
    "a team without role": Slip(
        HAND, 18, "role: service, ", "", ("team-mediation", "缺少", "role")
    ),
    "a unit with a role": Slip(HAND, 28, "name:", "role: service, name:", ("unit-power", "role")),
    "a desk that is none": Slip(
        "community.yaml", 6, "desk: desk", "desk: team-youth", ('"team-youth"', "role: desk")
    ),
    # the ladder
    "a level beyond the top": Slip(ORG, 21, "level: 5", "level: 6", ("town-committee", "最多写 5")),
    "a scope that does not fit": Slip(
        ORG, 18, "scope: grid", "scope: community, holders: [m-001]", ("branch", "scope", "grid")
    ),
    "holders of a grid's rung": Slip(
        ORG, 18, "scope: grid", "scope: grid, holders: [m-001]", ("branch", "每个网格")
    ),
    "nothing takes the rest": Slip(CATS, 109, "other", "rest", ("other", "兜底"), 3),
    # time
    "an allowance of nothing": Slip(LEVELS, 12, "3wd", "0wd", ("quick", '"finish"', "零", "3wd")),
    "an allowance without unit": Slip(LEVELS, 12, "3wd", "3", ('"finish"', "不是时限", "工作日")),
    "a reminder that is none": Slip(LEVELS, 17, "7d]", "7x]", ("rating_reminders", '"7x"')),
    "a cron of four fields": Slip(
        "schedules.yaml", 2, "*/10 * * * *", "*/10 * * *", ('"reconcile"', "定时", "五段")
    ),
    "a minute that is none": Slip("schedules.yaml", 3, "30 2 *", "75 2 *", ('"nightly"', "定时")),
    "hours that run backwards": Slip(
        "calendar.yaml", 4, "09:30-13:00", "13:00-09:30", ("hours", '"13:00-09:30"')
    ),
    "a day that is none": Slip("calendar.yaml", 4, "mon-fri", "mon-fry", ('"mon-fry"', "星期")),
    "a date that is none": Slip(
        "calendar.yaml", 7, "2026-02-19", "2026-02-30", ("holidays", '"2026-02-30"')
    ),
    # addresses
    "mail without address": Slip(HAND, 28, "by-hand", "mail", ("unit-power", '"mail"', "address")),
    "an address that is none": Slip(
        "community.yaml", 8, "https://diandan.example.org", "diandan", ("public_url", "网址")
    ),
}


@pytest.mark.parametrize("slip", SLIPS.values(), ids=SLIPS.keys())
def test_one_slip_is_told_once_where_it_is(folder: Path, slip: Slip) -> None:
    break_line(folder, slip.file, slip.line, slip.old, slip.new)
    mistakes = mistakes_in(folder)
    assert [(each.file, each.line) for each in mistakes] == [(slip.file, slip.at or slip.line)]
    sentence = str(mistakes[0])
    assert sentence.startswith(f"{slip.file}:{slip.at or slip.line}: ")
    for word in slip.words:
        assert word in sentence
    assert mistakes[0].problem and mistakes[0].remedy


# --- slips that show in several places ------------------------------------------------------


def told(folder: Path) -> list[str]:
    return [str(mistake) for mistake in mistakes_in(folder)]


def test_the_sentence_reads_as_a_coordinator_would_say_it(folder: Path) -> None:
    break_line(folder, "categories.yaml", 8, "unit-power", "unit-powr")
    with pytest.raises(CatalogError) as raised:
        load_catalog(folder)
    assert str(raised.value) == (
        'categories.yaml:8: 类别 street-light 的承办方 "unit-powr" 不存在；'
        '是否想写 "unit-power"（供电所）？'
    )


def test_all_mistakes_are_told_in_one_pass_in_the_files_order(folder: Path) -> None:
    break_line(folder, "people.yaml", 17, "officers-grid-1", "nobody")
    break_line(folder, "categories.yaml", 12, "name: ", "nane: ")
    break_line(folder, "categories.yaml", 15, "unit-water", "unit-watr")  # the same entry
    break_line(folder, "categories.yaml", 113, '["@desk"]', "[]")
    break_line(folder, "schedules.yaml", 2, "*/10", "often")
    (folder / "channels.yaml").write_text("channels: [", encoding="utf-8")
    assert [(each.file, each.line) for each in mistakes_in(folder)] == [
        ("categories.yaml", 11),  # name is missing
        ("categories.yaml", 12),
        ("categories.yaml", 15),
        ("categories.yaml", 113),
        ("channels.yaml", 1),
        ("people.yaml", 17),
        ("schedules.yaml", 2),
    ]


def test_an_entry_that_does_not_fit_is_still_known_to_those_who_name_it(folder: Path) -> None:
    break_line(folder, "handlers.yaml", 28, "name: 供电所, ", "")
    (mistake,) = mistakes_in(folder)  # and not: category street-light, members m-239 to m-241 …
    assert (mistake.file, mistake.line) == ("handlers.yaml", 28)


@pytest.mark.parametrize("file", sorted(path.name for path in EXAMPLE.glob("*.yaml")))
def test_a_missing_file_is_one_mistake_alone(folder: Path, file: str) -> None:
    (folder / file).unlink()
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == (file, 1)
    assert "不存在" in mistake.problem and file in mistake.remedy


@pytest.mark.parametrize("file", sorted(path.name for path in EXAMPLE.glob("*.yaml")))
@pytest.mark.parametrize("text", ["", "# nothing\n", "nothing\n", "- nothing\n"])
def test_a_file_that_says_nothing_is_one_mistake_alone(folder: Path, file: str, text: str) -> None:
    (folder / file).write_text(text, encoding="utf-8")
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == (file, 1)


def test_a_file_too_many_is_named_with_the_one_that_was_meant(folder: Path) -> None:
    (folder / "category.yaml").write_text("categories: []\n", encoding="utf-8")
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == ("category.yaml", 1)
    assert "不认识" in mistake.problem and "categories.yaml" in mistake.remedy


def test_a_note_beside_the_yaml_does_no_harm(folder: Path) -> None:
    (folder / "README.md").write_text("ours", encoding="utf-8")
    assert load_catalog(folder).community.id == "example"


def test_a_folder_that_is_not_there_is_one_mistake(tmp_path: Path) -> None:
    (mistake,) = mistakes_in(tmp_path / "nowhere")
    assert (mistake.file, mistake.line) == ("nowhere", 1)
    assert "没有这个文件夹" in mistake.problem


def test_a_file_in_another_encoding_is_named_with_its_line(folder: Path) -> None:
    text = (folder / "community.yaml").read_text(encoding="utf-8").replace("# ", "# x ")
    (folder / "community.yaml").write_bytes(b"# plain\n" + text.encode("gb18030"))
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == ("community.yaml", 2)
    assert "UTF-8" in mistake.problem


def test_a_list_that_is_missing_or_none_is_one_mistake(folder: Path) -> None:
    break_line(folder, "chat_groups.yaml", 3, "chat_groups:", "chat_group:")
    assert [text.split("；")[0] for text in told(folder)] == [
        'chat_groups.yaml:3: 不认识 "chat_group"',
        'chat_groups.yaml:3: 缺少 "chat_groups"',
    ]
    (folder / "chat_groups.yaml").write_text("chat_groups: none\n", encoding="utf-8")
    (sentence,) = told(folder)
    assert sentence.startswith('chat_groups.yaml:1: "chat_groups" 应该是一个列表')


def test_a_handler_that_nobody_belongs_to_is_told_where_it_is_written(folder: Path) -> None:
    break_line(folder, "people.yaml", 314, "unit-bank", "unit-post")
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == ("handlers.yaml", 34)
    assert "unit-bank 一个党员也没有" in mistake.problem and "people.yaml" in mistake.remedy


def test_an_alias_that_names_itself_comes_to_an_end(folder: Path) -> None:
    break_line(folder, "categories.yaml", 8, '[unit-power, "@officers"]', "&a [unit-power, *a]")
    assert "引用" in mistakes_in(folder)[0].problem


def test_a_community_without_desk_is_told_so(folder: Path) -> None:
    break_line(folder, "handlers.yaml", 5, "role: desk", "role: service")
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == ("handlers.yaml", 3)
    assert "没有社区服务台" in mistake.problem and "role: desk" in mistake.remedy


def test_a_level_twice_is_told_for_both_and_what_lacks(folder: Path) -> None:
    break_line(folder, "organisation.yaml", 18, "level: 2", "level: 1")
    assert [(each.line, each.problem) for each in mistakes_in(folder)] == [
        (16, "五级组织链条缺第 2 级"),
        (17, "层级 household 的 level 1 不止一个"),
        (18, "层级 branch 的 level 1 不止一个"),
    ]


def test_a_rung_left_out_is_told(folder: Path) -> None:
    break_line(folder, "organisation.yaml", 18, "  - {", "  # {")
    (mistake,) = mistakes_in(folder)
    assert (mistake.line, mistake.problem) == (16, "五级组织链条缺第 2 级")


def test_an_unknown_time_zone_is_told_with_the_one_that_was_meant(folder: Path) -> None:
    break_line(folder, "community.yaml", 5, "Asia/Shanghai", "Asia/Shangai")
    break_line(folder, "calendar.yaml", 2, "Asia/Shanghai", "Asia/Shangai")
    assert told(folder) == [
        'calendar.yaml:2: 日历的 "timezone" "Asia/Shangai" 不是时区；是否想写 "Asia/Shanghai"？',
        'community.yaml:5: 社区 example 的 "timezone" "Asia/Shangai" 不是时区'
        + '；是否想写 "Asia/Shanghai"？',
    ]


@pytest.mark.parametrize(("file", "line"), [("community.yaml", 5), ("calendar.yaml", 2)])
def test_an_unknown_time_zone_is_told_once(folder: Path, file: str, line: int) -> None:
    break_line(folder, file, line, "Asia/Shanghai", "Asia/Shangai")
    assert len(told(folder)) == 1


def test_two_time_zones_for_one_community_are_told(folder: Path) -> None:
    break_line(folder, "calendar.yaml", 2, "Asia/Shanghai", "Asia/Urumqi")
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == ("calendar.yaml", 2)
    assert "不一样" in mistake.problem


@pytest.mark.parametrize(
    "cron",
    ["0 8 * * 1-5", "*/15 8-18 * * mon-fri", "0 0 1 jan,jul *", "5,35 * * * 7", "0 3 */2 * *"],
)
def test_crons_as_people_write_them_are_taken(folder: Path, cron: str) -> None:
    break_line(folder, "schedules.yaml", 3, "30 2 * * *", cron)
    assert load_catalog(folder).schedules["nightly"] == cron


@pytest.mark.parametrize(
    "cron", ["", "hourly", "@daily", "* * * * * *", "*/0 * * * *", "60 * * * *", "5-1 * * * *",
             "0 24 * * *", "0 0 0 * *", "0 0 * 13 *", "0 0 * * mo", "0 0 * * 8", "1, * * * *"]
)  # fmt: skip
def test_crons_that_are_none_are_refused(folder: Path, cron: str) -> None:
    break_line(folder, "schedules.yaml", 3, "30 2 * * *", cron)
    (mistake,) = mistakes_in(folder)
    assert (mistake.file, mistake.line) == ("schedules.yaml", 3)
