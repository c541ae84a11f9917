"""What must hold between the entries of a community's folder, each rule one small check.

Every check looks at what was written, and says nothing where something else is already wrong.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

from config.calendar_checks import CALENDAR_CHECKS
from config.channel_checks import CHANNEL_CHECKS
from config.drafts import Draft, Slot
from config.import_checks import IMPORT_CHECKS
from config.mistakes import Mistake, suggest
from config.point_shapes import POINT_CHECKS
from config.rate_shapes import RATE_CHECKS
from config.shapes import (
    AT_DESK,
    AT_OFFICERS,
    OTHER,
    HandlerKind,
    TeamRole,
    is_time_zone,
)

_PERSONS = ("staff", "members")  # two lists, one numbering: a rung's holder may be of either
_GRID_RUNGS = {
    "household": "党员中心户",
    "branch": "网格党支部",
    "general_branch": "网格党（总）支部",
}
_LEVELS = ("1", "2", "3", "4", "5")


class _Reference(NamedTuple):
    """Ids of one kind of entry that another kind names under a key (or a key within it)."""

    kind: str
    keys: tuple[str, ...]
    targets: tuple[str, ...]
    label: str
    also: tuple[str, ...] = ()  # words that are no ids and are right all the same


_REFERENCES = (
    _Reference("community", ("desk",), ("handlers",), "服务台"),
    _Reference("grids", ("officers",), ("handlers",), "网格队伍"),
    *(_Reference("grids", (key,), _PERSONS, label) for key, label in _GRID_RUNGS.items()),
    _Reference("ladder", ("holders",), _PERSONS, "值守人"),
    _Reference("handlers", ("grids",), ("grids",), "网格"),
    _Reference("members", ("handler",), ("handlers",), "承办方"),
    _Reference("staff", ("role",), ("roles",), "角色"),
    _Reference("staff", ("member",), ("members",), "党员编号"),
    _Reference("categories", ("service_level",), ("service_levels",), "时限"),
    _Reference("categories", ("handlers",), ("handlers",), "承办方", (AT_OFFICERS, AT_DESK)),
    _Reference("chat_groups", ("grid",), ("grids",), "网格"),
    _Reference("chat_groups", ("grids",), ("grids",), "网格"),
    _Reference("community", ("desk_contacts", "channel"), ("channels",), "渠道"),
    _Reference("handlers", ("contacts", "channel"), ("channels",), "渠道"),
    _Reference("members", ("contacts", "channel"), ("channels",), "渠道"),
    _Reference("staff", ("contacts", "channel"), ("channels",), "渠道"),
    _Reference("chat_groups", ("contacts", "channel"), ("channels",), "渠道"),
)


def check_draft(draft: Draft) -> list[Mistake]:
    """All that is wrong between entries; what is wrong within one was told when it was read."""
    return [mistake for check in _CHECKS for mistake in check(draft)]


def _ids_are_unique(draft: Draft) -> Iterator[Mistake]:
    first: dict[tuple[str, str], Slot] = {}
    for slot in draft.slots:
        kind = "persons" if slot.section.kind in _PERSONS else slot.section.kind
        earlier = first.setdefault((kind, slot.id), slot)
        if slot.id and earlier is not slot:
            problem = f"的编号已经用过，在 {earlier.document.file}:{earlier.line}"
            yield slot.mistake(("id",), problem, "换一个没用过的编号")


def _names_are_unique(draft: Draft) -> Iterator[Mistake]:
    """Pick lists show names; a list of members is always that of one handler."""
    first: dict[tuple[str, str, str], Slot] = {}
    for slot in draft.slots:
        name = slot.text("name")
        earlier = first.setdefault((slot.section.kind, slot.text("handler"), name), slot)
        if name and earlier is not slot:
            problem = f'的名称 "{name}" 和 {earlier.document.file}:{earlier.line} 重名'
            yield slot.mistake(("name",), problem, "下拉框里分不清，改成不同的名称")


def _references_lead_somewhere(draft: Draft) -> Iterator[Mistake]:
    for reference in _REFERENCES:
        known = draft.names(*reference.targets)
        if draft.unread.intersection(reference.targets):
            continue
        for slot in draft.of(reference.kind):
            for place, word in slot.texts(*reference.keys):
                if word not in known and word not in reference.also:
                    problem = f'的{reference.label} "{word}" 不存在'
                    remedy = suggest(word, known | dict.fromkeys(reference.also, ""))
                    yield slot.mistake(place, problem, remedy)


def _lists_are_not_empty(draft: Draft) -> Iterator[Mistake]:
    for slot in draft.of("categories"):
        if slot.is_empty("handlers"):
            remedy = f'至少写一个承办方，实在没有就写 "{AT_DESK}"'
            yield slot.mistake(("handlers",), "没有承办方", remedy)
    for slot in draft.of("grids"):
        for key, label in _GRID_RUNGS.items():
            if slot.is_empty(key):
                yield slot.mistake((key,), f"没有{label}的值守人", "至少写一个人的编号")
    for slot in draft.of("community"):
        if slot.is_empty("desk_contacts"):
            yield slot.mistake(("desk_contacts",), "没有收消息的渠道", "至少写一个渠道")


def _handlers_have_members(draft: Draft) -> Iterator[Mistake]:
    manned = {slot.text("handler") for slot in draft.of("members")}
    for slot in draft.of("handlers"):
        if slot.id and slot.id not in manned and "members" not in draft.unread:
            remedy = f"在 people.yaml 的 members 里给 {slot.id} 至少加一个人"
            yield slot.mistake((), "一个党员也没有", remedy)


def _kinds_have_their_roles(draft: Draft) -> Iterator[Mistake]:
    for slot in draft.of("handlers"):
        role = slot.text("role")
        if slot.text("kind") == HandlerKind.TEAM and not role:
            yield slot.mistake((), '缺少 "role"', f"补上 role: {TeamRole.SERVICE} 之类")
        if slot.text("kind") == HandlerKind.UNIT and role:
            yield slot.mistake(("role",), '不该有 "role"', "单位不写 role，队伍才写")


def _there_is_one_desk(draft: Draft) -> Iterator[Mistake]:
    if "handlers" in draft.unread:
        return
    desks = [slot for slot in draft.of("handlers") if slot.text("role") == TeamRole.DESK]
    if not desks:
        remedy = f"在 teams 里给一个队伍写 role: {TeamRole.DESK}"
        yield draft.documents["handlers.yaml"].mistake(("teams",), "没有社区服务台", remedy)
    for extra in desks[1:]:
        problem = f"是多出来的社区服务台，{desks[0].id} 已经是了"
        yield extra.mistake(("role",), problem, "只留一个，其他的改成 service")
    for slot in draft.of("community"):
        desk = slot.text("desk")
        if desks and desk in draft.names("handlers") and desk not in {each.id for each in desks}:
            problem = f'的服务台 "{desk}" 不是 role: {TeamRole.DESK} 的队伍'
            yield slot.mistake(("desk",), problem, f'是否想写 "{desks[0].id}"？')


def _staff_are_members_of_the_desk(draft: Draft) -> Iterator[Mistake]:
    """What staff solve on the spot needs a member, and the desk is who is assigned it."""
    desks = {slot.id for slot in draft.of("handlers") if slot.text("role") == TeamRole.DESK}
    handlers = {slot.id: slot.text("handler") for slot in draft.of("members")}
    for slot in draft.of("staff"):
        handler = handlers.get(slot.text("member"), "")
        if handler in draft.names("handlers") and desks and handler not in desks:
            problem = f'的党员编号 "{slot.text("member")}" 不在社区服务台，在 {handler}'
            remedy = f"写这个人在服务台（{'、'.join(sorted(desks))}）的党员编号"
            yield slot.mistake(("member",), problem, remedy)


def _officers_serve_their_grid(draft: Draft) -> Iterator[Mistake]:
    teams = {slot.id: slot for slot in draft.of("handlers")}
    for slot in draft.of("grids"):
        team = teams.get(slot.text("officers"))
        if team is None:
            continue
        if team.text("role") != TeamRole.OFFICERS:
            problem = f'的网格队伍 "{team.id}" 不是 role: {TeamRole.OFFICERS} 的队伍'
            officers = [each.id for each in teams.values() if each.text("role") == "officers"]
            yield slot.mistake(("officers",), problem, suggest(f"officers-{slot.id}", officers))
        bound = [grid for _, grid in team.texts("grids")]
        if bound and slot.id not in bound:
            problem = f"是网格 {slot.id} 的队伍，却不在这个网格承办"
            yield team.mistake(("grids",), problem, f"在 grids 里加上 {slot.id}")


def _the_ladder_is_whole(draft: Draft) -> Iterator[Mistake]:
    rungs = draft.of("ladder")
    counts = Counter(slot.text("level") for slot in rungs)
    for slot in rungs:
        level, scope = slot.text("level"), slot.text("scope")
        if counts[level] > 1 and level in _LEVELS:
            yield slot.mistake(
                ("level",), f"的 level {level} 不止一个", "从下到上写 1 到 5，各一次"
            )
        right = "grid" if level in _LEVELS[: len(_GRID_RUNGS)] else "community"
        if level in _LEVELS and scope in ("grid", "community") and scope != right:
            yield slot.mistake(
                ("scope",), f"的 scope 不对，第 {level} 级是 {right} 的", f"写 {right}"
            )
        elif scope == "community" and not list(slot.texts("holders")):
            yield slot.mistake((), "没有值守人", "在 holders 里至少写一个人的编号")
        elif scope == "grid" and list(slot.texts("holders")):
            problem = "的值守人要写在每个网格里"
            yield slot.mistake(("holders",), problem, "删掉 holders，写到上面 grids 的每一项里")
    lacking = [level for level in _LEVELS if level not in counts]
    if lacking and "ladder" not in draft.unread and all(level in _LEVELS for level in counts):
        problem = f"五级组织链条缺第 {'、'.join(lacking)} 级"
        document = draft.documents["organisation.yaml"]
        yield document.mistake(("ladder",), problem, "level 从 1 写到 5，各一次")


def _something_takes_the_rest(draft: Draft) -> Iterator[Mistake]:
    if OTHER not in draft.names("categories") and "categories" not in draft.unread:
        document = draft.documents["categories.yaml"]
        problem = f'没有兜底的类别 "{OTHER}"'
        yield document.mistake(("categories",), problem, f"加上 id 为 {OTHER} 的类别")


def _time_zones_agree(draft: Draft) -> Iterator[Mistake]:
    zones = [slot.text("timezone") for slot in draft.of("community")]
    for slot in draft.of("calendar"):
        zone = slot.text("timezone")
        if zones and zone not in zones and all(map(is_time_zone, (zone, zones[0]))):
            problem = f'的时区 "{zone}" 和 community.yaml 的 "{zones[0]}" 不一样'
            yield slot.mistake(("timezone",), problem, "两处写成一样的")


_CHECKS: tuple[Callable[[Draft], Iterator[Mistake]], ...] = (
    _ids_are_unique,
    _names_are_unique,
    _references_lead_somewhere,
    _lists_are_not_empty,
    _handlers_have_members,
    _kinds_have_their_roles,
    _there_is_one_desk,
    _staff_are_members_of_the_desk,
    _officers_serve_their_grid,
    _the_ladder_is_whole,
    _something_takes_the_rest,
    _time_zones_agree,
    *CALENDAR_CHECKS,
    *IMPORT_CHECKS,
    *RATE_CHECKS,
    *CHANNEL_CHECKS,
    *POINT_CHECKS,
)
