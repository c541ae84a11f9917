"""The community's catalog: who there is, what there is to order, and how long it may take.

`load_catalog` is the only way in; nothing else reads the YAML.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from config.calendar_checks import CALENDAR_CHECKS
from config.calendar_shapes import Calendar
from config.checks import check_draft
from config.drafts import Draft, Section, read_alone, read_draft
from config.import_shapes import ImportMapping
from config.mistakes import CatalogError, Mistake
from config.point_shapes import PointRules
from config.rate_shapes import RateFormula
from config.reading import Shape
from config.shapes import (
    AT_DESK,
    AT_OFFICERS,
    OTHER,
    Allowance,
    Category,
    Channel,
    ChannelKind,
    ChatGroup,
    Community,
    Contact,
    Grid,
    Handler,
    HandlerKind,
    Member,
    Role,
    Rung,
    Schedules,
    ServiceLevel,
    ShortMessages,
    ShortTemplate,
    Staff,
    TeamRole,
)

__all__ = [
    "AT_DESK",
    "AT_OFFICERS",
    "OTHER",
    "Allowance",
    "Calendar",
    "Catalog",
    "CatalogError",
    "Category",
    "Channel",
    "ChannelKind",
    "ChatGroup",
    "Community",
    "Contact",
    "Grid",
    "Handler",
    "HandlerKind",
    "ImportMapping",
    "Member",
    "Mistake",
    "PointRules",
    "RateFormula",
    "Role",
    "Rung",
    "ServiceLevel",
    "ShortMessages",
    "ShortTemplate",
    "Staff",
    "TeamRole",
    "load_calendar",
    "load_catalog",
]


SECTIONS = (
    Section("community.yaml", "", "community", Community, "社区"),
    Section("organisation.yaml", "grids", "grids", Grid, "网格"),
    Section("organisation.yaml", "ladder", "ladder", Rung, "层级"),
    Section("organisation.yaml", "roles", "roles", Role, "角色"),
    Section("handlers.yaml", "teams", "handlers", Handler, "队伍", {"kind": HandlerKind.TEAM}),
    Section("handlers.yaml", "units", "handlers", Handler, "单位", {"kind": HandlerKind.UNIT}),
    Section("people.yaml", "staff", "staff", Staff, "社区干部"),
    Section("people.yaml", "members", "members", Member, "党员"),
    Section("categories.yaml", "categories", "categories", Category, "类别"),
    Section("service_levels.yaml", "service_levels", "service_levels", ServiceLevel, "时限"),
    Section("channels.yaml", "channels", "channels", Channel, "渠道"),
    Section("chat_groups.yaml", "chat_groups", "chat_groups", ChatGroup, "微信群"),
    Section("calendar.yaml", "", "calendar", Calendar, "日历"),
    Section("schedules.yaml", "", "schedules", Schedules, "定时"),
    Section("rates.yaml", "rates", "rates", RateFormula, "三率公式"),
    Section("points.yaml", "points", "points", PointRules, "积分规则"),
)
IMPORTS = "imports"  # the folder of the mappings, a file each


@dataclass(frozen=True)
class Catalog:
    """All that the YAML says, checked: every id that is named here exists. The mappings are by
    id, in the files' order; the ladder goes from bottom to top."""

    community: Community
    grids: Mapping[str, Grid]
    handlers: Mapping[str, Handler]
    members: Mapping[str, Member]
    roles: Mapping[str, Role]
    staff: Mapping[str, Staff]
    ladder: tuple[Rung, ...]
    service_levels: Mapping[str, ServiceLevel]
    categories: Mapping[str, Category]
    channels: Mapping[str, Channel]
    chat_groups: Mapping[str, ChatGroup]
    calendar: Calendar
    schedules: Mapping[str, str]
    rates: Mapping[str, RateFormula]
    points: Mapping[str, PointRules]
    imports: Mapping[str, ImportMapping]

    @cached_property
    def _members_by_handler(self) -> Mapping[str, tuple[Member, ...]]:
        groups: dict[str, list[Member]] = {}
        for member in self.members.values():
            groups.setdefault(member.handler, []).append(member)
        return {handler: tuple(members) for handler, members in groups.items()}

    def handler_members(self, handler: str) -> tuple[Member, ...]:
        """The members of a unit or team, in the file's order; none for an unknown handler."""
        return self._members_by_handler.get(handler, ())

    def default_handlers(self, category: str, grid: str | None) -> tuple[str, ...]:
        """The handlers to propose for an order, the best first, each once; never empty.

        A handler bound to other grids is left out, and to any grid when the order has none (or
        one that the catalog does not know). When nobody is left, it is the desk.
        An unknown category is taken for OTHER.
        """
        known = self.grids.get(grid) if grid is not None else None
        desk = self.community.desk
        resolved = {AT_DESK: desk, AT_OFFICERS: known.officers if known else desk}
        kind = self.categories.get(category) or self.categories[OTHER]
        proposed = [resolved.get(name, name) for name in kind.handlers]
        serving = dict.fromkeys(name for name in proposed if self._serves_grid(name, known))
        return tuple(serving) or (desk,)

    def _serves_grid(self, handler: str, grid: Grid | None) -> bool:
        bound = self.handlers[handler].grids
        return not bound or (grid is not None and grid.id in bound)

    def serves(self, handler: str, category: str, grid: str | None) -> bool:
        """Whether an order may be assigned there without a second thought: a default handler,
        the desk, or any grid's officers."""
        if handler in self.default_handlers(category, grid):
            return True
        found = self.handlers.get(handler)
        return found is not None and found.role in (TeamRole.DESK, TeamRole.OFFICERS)

    def person(self, id: str) -> str:
        """The one id of a person: that of the staff for a member who is staff too."""
        return self._staff_by_member.get(id, id)

    @cached_property
    def _staff_by_member(self) -> Mapping[str, str]:
        return {staff.member: staff.id for staff in self.staff.values()}

    def rung_holders(self, level: int, grid: str | None) -> tuple[str, ...]:
        """The persons (staff or member ids) who hold a level of the ladder, 1 to 5.

        A grid's rung has no holder where the order has no grid (or an unknown one).
        Raises ValueError for another level.
        """
        if level not in range(1, len(self.ladder) + 1):
            raise ValueError(f"the ladder has levels 1 to {len(self.ladder)}, not {level}")
        rung = self.ladder[level - 1]
        if rung.scope == "community":
            return rung.holders
        if self.known_grid(grid) is None:
            return ()
        known = self.grids[str(grid)]
        return (known.household, known.branch, known.general_branch)[level - 1]

    def known_grid(self, grid: str | None) -> str | None:
        """The grid's id; None for none, and for one that the community does not have any more."""
        return grid if grid in self.grids else None


def load_catalog(folder: Path, *mappings: Path) -> Catalog:
    """Read a community's folder; with `mappings` these instead of its own import mappings.

    Raises CatalogError with all of the mistakes in them, in the order of file and line.
    """
    sections = (
        Section(str(path.absolute()), "", "imports", ImportMapping, "导入表")
        for path in mappings or sorted((folder / IMPORTS).glob("*.yaml"))
    )
    draft, mistakes = read_draft(folder, (*SECTIONS, *sections))
    _refuse(mistakes + check_draft(draft))
    (community,), (calendar,) = draft.entries(Community), draft.entries(Calendar)
    (schedules,) = draft.entries(Schedules)
    return Catalog(
        community=community,
        grids=_by_id(draft, Grid),
        handlers=_by_id(draft, Handler),
        members=_by_id(draft, Member),
        roles=_by_id(draft, Role),
        staff=_by_id(draft, Staff),
        ladder=tuple(sorted(draft.entries(Rung), key=lambda rung: rung.level)),
        service_levels=_by_id(draft, ServiceLevel),
        categories=_by_id(draft, Category),
        channels=_by_id(draft, Channel),
        chat_groups=_by_id(draft, ChatGroup),
        calendar=calendar,
        schedules=schedules.model_dump(),
        rates=_by_id(draft, RateFormula),
        points=_by_id(draft, PointRules),
        imports=_by_id(draft, ImportMapping),
    )


def load_calendar(path: Path) -> Calendar:
    """Read a working calendar by itself. Raises CatalogError with all of the mistakes in it."""
    draft, mistakes = read_alone(path, Section(path.name, "", "calendar", Calendar, "日历"))
    _refuse(mistakes + [mistake for check in CALENDAR_CHECKS for mistake in check(draft)])
    (calendar,) = draft.entries(Calendar)
    return calendar


def _refuse(mistakes: list[Mistake]) -> None:
    if mistakes:
        ordered = sorted(mistakes, key=lambda mistake: (mistake.file, mistake.line))
        raise CatalogError(tuple(dict.fromkeys(ordered)))


def _by_id(draft: Draft, shape: type[Shape]) -> Mapping[str, Shape]:
    return {slot.id: entry for slot in draft.slots if isinstance(entry := slot.entry, shape)}
