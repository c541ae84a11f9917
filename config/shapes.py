"""The shapes of what the community's YAML holds: one frozen model per kind of entry.

A model knows its own fields and nothing of other entries; `config.checks` holds them together.
"""

import re
from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Literal, cast
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.dataclasses import dataclass

from config.mistakes import refusal, suggest

OTHER = "other"  # the category that takes what no other one does
AT_OFFICERS = "@officers"  # as a category's handler: the officers' team of the order's grid
GAP = re.compile(r"\$\{(\w+)\}")  # in a template of short messages
AT_DESK = "@desk"  # as a category's handler: the community's desk


class HandlerKind(StrEnum):
    """What kind of body an order is assigned to."""

    UNIT = "unit"  # 结对共建单位
    TEAM = "team"  # 服务队, the desk and each grid's officers among them


class TeamRole(StrEnum):
    """What a team is there for; units have none."""

    SERVICE = "service"  # 党员服务队 / 志愿服务队
    OFFICERS = "officers"  # the officers of one grid
    DESK = "desk"  # the community's own desk, exactly one


class ChannelKind(StrEnum):
    """How a channel's messages leave the house."""

    BY_HAND = "by_hand"  # a coordinator calls or forwards
    MAIL = "mail"  # an e-mail
    WEBHOOK = "webhook"  # JSON to another system
    WECOM_ROBOT = "wecom_robot"  # a robot in a WeCom group
    DINGTALK_ROBOT = "dingtalk_robot"  # a robot in a DingTalk group
    FEISHU_ROBOT = "feishu_robot"  # a robot in a Feishu group
    WECOM_APP = "wecom_app"  # a WeCom application, to one of its users
    SMS = "sms"  # a short message, by a template that its provider has approved
    MQTT = "mqtt"  # a topic of an MQTT broker, for another system
    APPRISE = "apprise"  # any other address that Apprise knows


def _kebab(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", text):
        raise refusal(f'"{text}" 写法不对', "只用小写英文字母、数字和短横线，例如 team-mediation")
    return text


def is_time_zone(text: str) -> bool:
    """Whether there is a time zone of this name."""
    try:
        ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        return False
    return True


def _time_zone(text: str) -> str:
    if not is_time_zone(text):
        remedy = suggest(text, sorted(available_timezones() - {"localtime"}))
        raise refusal(f'"{text}" 不是时区', remedy)
    return text


def _web_address(text: str) -> str:
    if not re.fullmatch(r"https?://\S*[^\s/]", text):
        raise refusal(f'"{text}" 不是网址', "写成 https://diandan.example.org，末尾不带斜杠")
    return text


def _iso_date(text: object) -> date:
    try:
        return date.fromisoformat(str(text))
    except ValueError:
        raise refusal(f'"{text}" 不是日期', '写成年-月-日，例如 "2026-02-18"') from None


def quiet_hours(text: str) -> str:
    """The text, if it is a span of quiet hours, as "21:00-08:00". Raises PydanticCustomError for any other."""
    clock = r"((?:[01]\d|2[0-3]):[0-5]\d)"
    found = re.fullmatch(f"{clock}-{clock}", text)
    if found is None or found[1] == found[2]:
        raise refusal(f'"{text}" 不是一段时间', '写成从晚到早的 "21:00-08:00"')
    return text


Id = Annotated[str, AfterValidator(_kebab)]
Name = Annotated[str, Field(min_length=1)]
TimeZone = Annotated[str, AfterValidator(_time_zone)]
WebAddress = Annotated[str, AfterValidator(_web_address)]
Day = Annotated[date, BeforeValidator(_iso_date)]
QuietHours = Annotated[str, AfterValidator(quiet_hours)]
Unit = Literal["m", "h", "wd", "d"]
MOST = 9999  # of any unit of an allowance


@dataclass(frozen=True)
class Allowance:
    """How long something may take: `amount` working minutes (m), working hours (h), working
    days (wd) or calendar days of 24 hours by the wall clock (d); never less than 1."""

    amount: Annotated[int, Field(ge=1, le=MOST)]
    unit: Unit

    @classmethod
    def parse(cls, text: object) -> "Allowance":
        """Read "90m", "2h", "3wd" or "1d"; an Allowance is returned as it is.

        Raises PydanticCustomError (outside a model) for anything else, and for 0.
        """
        if isinstance(text, cls):
            return text
        found = re.fullmatch(r"([0-9]{1,9})(m|h|wd|d)", str(text))
        remedy = "写一个正整数加单位：m 工作分钟、h 工作小时、wd 工作日、d 自然日，例如 3wd"
        if found is None:
            raise refusal(f'"{text}" 不是时限', remedy)
        if int(found[1]) == 0:
            raise refusal(f'"{text}" 是零，等于没有时间办理', remedy)
        if int(found[1]) > MOST:
            raise refusal(f'"{text}" 太长', f"最多写 {MOST}")
        return cls(int(found[1]), cast(Unit, found[2]))

    @property
    def wall_clock(self) -> timedelta:
        """The plain reading by the wall clock, as if all time were working time."""
        if self.unit == "m":
            return timedelta(minutes=self.amount)
        if self.unit == "h":
            return timedelta(hours=self.amount)
        return timedelta(days=self.amount)

    def __str__(self) -> str:
        return f"{self.amount}{self.unit}"


Limit = Annotated[Allowance, BeforeValidator(Allowance.parse)]


class Entry(BaseModel):
    """What every model here has in common: it never changes, and knows all of its keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(Entry):
    """Where messages for somebody go; `address` is empty where the channel needs none.

    With `events` it is for these events alone (the folders' names below templates/<language>/).
    """

    channel: str
    address: str = ""
    events: tuple[str, ...] = ()


class Community(Entry):
    """The community itself; `desk` is the id of its desk team, `desk_contacts` is where messages
    for coordinators go, in order of preference. In the quiet hours nobody is reminded of anything
    but what is urgent; `keep_residents` is how long after the end of their last order the names and
    phones of residents are kept. What can wait waits `merge_minutes` for what may overtake it."""

    id: Id
    name: Name
    name_en: Name
    timezone: TimeZone
    desk: str
    desk_phone: str
    public_url: WebAddress
    desk_contacts: tuple[Contact, ...]
    quiet: QuietHours = "21:00-08:00"
    keep_residents: Limit = Allowance(365, "d")
    merge_minutes: Annotated[int, Field(ge=0, le=60)] = 0


class Grid(Entry):
    """A part of the community, with the persons (staff or member ids) who hold the three lower
    rungs of the ladder there."""

    id: Id
    name: Name
    dedicated: bool
    officers: str
    household: tuple[str, ...]
    branch: tuple[str, ...]
    general_branch: tuple[str, ...]


class Handler(Entry):
    """A unit or team that orders are assigned to; without `grids` it serves the whole
    community. `role` is None for units."""

    id: Id
    name: Name
    kind: HandlerKind
    role: TeamRole | None = None
    grids: tuple[str, ...] = ()
    phone: str
    contacts: tuple[Contact, ...]


class Member(Entry):
    """A person of a handler who takes orders in hand."""

    id: Id
    name: Name
    handler: str
    phone: str = ""
    contacts: tuple[Contact, ...] = ()


class Role(Entry):
    """What a person is in the community: coordinator, grid officer, volunteer …"""

    id: Id
    name: Name


class Staff(Entry):
    """A person who acts in forms; `member` is the same person as a member of the desk team."""

    id: Id
    name: Name
    role: str
    member: str
    phone: str
    contacts: tuple[Contact, ...]


class Rung(Entry):
    """One level of the ladder, 1 at the bottom. Only rungs of scope "community" have holders
    here; those of scope "grid" have them in each grid."""

    id: Id
    name: Name
    level: Annotated[int, Field(ge=1, le=5)]
    scope: Literal["grid", "community"]
    holders: tuple[str, ...] = ()


class ServiceLevel(Entry):
    """How long each stage may take; `urgent` or `green` stand in for `finish` when the order is
    that (`green` only where it is written), `contact_wish` for `contact` when it is a wish."""

    id: Id
    name: Name
    accept: Limit
    take: Limit
    refer: Limit
    claim: Limit
    contact: Limit
    contact_wish: Limit | None = None
    finish: Limit
    green: Limit | None = None
    urgent: Limit
    open_claim: Limit
    rating_window: Limit
    reopen_window: Limit
    rating_reminders: tuple[Limit, ...]


class Category(Entry):
    """What an order is about. `handlers` are handler ids, AT_OFFICERS or AT_DESK; the first is
    the one to propose."""

    id: Id
    name: Name
    name_en: Name
    service_level: str
    handlers: tuple[str, ...]
    keywords: tuple[Name, ...] = ()


class ShortTemplate(Entry):
    """A template of short messages as the provider has approved it, for one event and audience (the names
    below templates/<language>/). Its gaps are written ${number}, by the names that our templates use."""

    event: Name
    audience: Name
    locale: Name = "zh-CN"
    id: Name
    text: Name

    @property
    def gaps(self) -> tuple[str, ...]:
        """The names of its gaps, each once, in the order of the text."""
        return tuple(dict.fromkeys(GAP.findall(self.text)))


class ShortMessages(Entry):
    """What a provider of short messages has approved: the signature, without its brackets, and templates.

    `longest` is how many characters it takes in a gap.
    """

    sign: Name
    longest: Annotated[int, Field(ge=1)] = 35
    templates: tuple[ShortTemplate, ...] = ()


class Channel(Entry):
    """A way out for messages; its address with its secret is a setting, never in the YAML.

    `per_minute` is how many the provider takes, all workers together; without it there is no limit.
    """

    id: Id
    name: Name
    kind: ChannelKind
    per_minute: Annotated[int, Field(ge=1)] | None = None
    sms: ShortMessages | None = None


class ChatGroup(Entry):
    """A chat group; `people` is how many are in it. Without `contacts`, the ways of a robot that is in it,
    a person forwards. `grids` are those of a group for several; without `grid` too it is for all."""

    id: Id
    name: Name
    kind: Literal["merchants", "landlords", "residents"]
    grid: str | None
    people: Annotated[int, Field(ge=1)]
    grids: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()

    def is_of(self, grid: str | None) -> bool:
        """Whether people of a grid are in it."""
        return grid in self.grids if self.grids else self.grid in (None, grid)


DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_CRON_FIELDS: tuple[tuple[int, int, dict[str, int]], ...] = (  # lowest, highest, names
    (0, 59, {}),
    (0, 23, {}),
    (1, 31, {}),
    (1, 12, {month: number for number, month in enumerate(_MONTHS, start=1)}),
    (0, 7, {day: number for number, day in enumerate(DAYS, start=1)}),
)


def _is_cron_item(item: str, lowest: int, highest: int, names: dict[str, int]) -> bool:
    found = re.fullmatch(r"(?:\*|([a-z]+|\d+)(?:-([a-z]+|\d+))?)(?:/(\d+))?", item.lower())
    if found is None or (found[3] is not None and int(found[3]) == 0):
        return False
    ends = [names.get(end, int(end) if end.isdigit() else -1) for end in found.group(1, 2) if end]
    return all(lowest <= end <= highest for end in ends) and ends == sorted(ends)


def _cron(text: str) -> str:
    fields = text.split()
    if len(fields) != len(_CRON_FIELDS) or not all(
        _is_cron_item(item, *bounds)
        for field, bounds in zip(fields, _CRON_FIELDS, strict=True)
        for item in field.split(",")
    ):
        remedy = '写五段“分 时 日 月 星期”，例如每十分钟 "*/10 * * * *"'
        raise refusal(f'"{text}" 不是定时写法', remedy)
    return text


Cron = Annotated[str, AfterValidator(_cron)]


class Schedules(Entry):
    """When the clock starts what, each as a cron of five fields in the community's time zone."""

    reconcile: Cron  # looks after deadlines, messages, runs and lists, day and night
    nightly: Cron  # puts everything right, and reports
    weekly: Cron  # the brief for the weekly meeting and for residents
