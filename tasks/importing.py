"""Many orders out of a file: what an import would do, every cell that is not right, and the doing of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice
from pathlib import Path

from config.catalog import ImportMapping, load_catalog
from tasks.bulk import numbers_stored, place_all
from tasks.clock import utc_now
from tasks.errors import BadFile, BadRows, DiandanError, UnknownId
from tasks.house import house
from tasks.intake import check_place
from tasks.models.enums import Action
from tasks.models.inputs import Place
from tasks.models.sheet import Row, Sheet
from tasks.requests import try_request
from tasks.rules.importing import CellMistake, Reading, header_of, read_row, text_of
from tasks.sheets import read_sheets

HEADER_WITHIN = 10  # rows: a title or a note may stand above the header
Progress = Callable[[str, int], None]  # what is being done, and how many rows of it are done


@dataclass
class Plan:
    """What the import of a file would do. With mistakes it does nothing."""

    file: str
    mapping: str
    sheet: str = ""
    unread: tuple[str, ...] = ()  # other visible sheets that hold rows
    missing: tuple[str, ...] = ()  # optional columns that the table lacks
    rows: int = 0
    new: list[Place] = field(default_factory=list)  # in the file's order
    stored: int = 0  # rows that are orders already
    repeated: list[int] = field(default_factory=list)  # rows whose id an earlier row has
    mistakes: list[CellMistake] = field(default_factory=list)


def plan_import(path: Path, mapping: str | None = None, progress: Progress | None = None) -> Plan:
    """Reads a whole file and judges every cell; stores nothing.

    `mapping` is an id of the catalog or a mapping file; without one it is the one whose columns
    the table has. Raises BadFile, UnknownId, and CatalogError for a mapping file with mistakes.
    """
    candidates = _candidates(mapping)
    found: Plan | None = None
    unread: list[str] = []
    top: list[Row] = []
    for sheet in read_sheets(path):
        rows = list(islice(sheet.rows, HEADER_WITHIN))
        if found is None and (fit := _best_fit(path, rows, candidates)):
            found = _read(path, sheet, rows, *fit, progress=progress)
        elif rows:
            unread.append(sheet.name)
            top = top or rows
    if found is None:
        raise _no_fit(path, top, candidates)
    found.unread = tuple(unread)
    return found


def run_import(
    plan: Plan,
    who: str,
    *,
    keep_dates: bool = False,
    notify: bool = False,
    progress: Progress | None = None,
) -> list[str]:
    """Stores what the plan says, all or nothing, and gives the numbers of the new orders.

    What another import has stored meanwhile is left out. `keep_dates` starts the clocks at the
    rows' own times, `notify` writes to everybody concerned. Raises BadRows for a plan with mistakes.
    """
    if plan.mistakes:
        raise BadRows(file=plan.file, mistakes=plan.mistakes)
    return place_all(plan.new, who, keep_dates=keep_dates, notify=notify, progress=progress)


def summary_of(plan: Plan) -> str:
    """What the plan leaves out and why, in one line."""
    parts = [f"按“{plan.mapping}”读了 {plan.rows} 行"]
    if plan.sheet:
        parts[0] += f"（工作表 {plan.sheet}）"
    if plan.stored:
        parts.append(f"{plan.stored} 行以前登记过")
    if plan.repeated:
        rows = "、".join(map(str, plan.repeated[:10])) + ("…" if len(plan.repeated) > 10 else "")
        parts.append(f"{len(plan.repeated)} 行编号和前面的重复（第 {rows} 行）")
    if plan.missing:
        parts.append(f"表里没有的列：{'、'.join(plan.missing)}")
    if plan.unread:
        parts.append(f"没有读的工作表：{'、'.join(plan.unread)}")
    return "，".join(parts) + "。"


def _candidates(mapping: str | None) -> list[ImportMapping]:
    known = house().catalog.imports
    if mapping is None:
        return list(known.values())
    if mapping in known:
        return [known[mapping]]
    path = Path(mapping)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise BadFile(file=path.name, problem="没有这个文件。")
        return [_mapping_of(path)]
    raise UnknownId(what="导入表", id=mapping, hint="，可用的有：" + "、".join(known))


def _mapping_of(path: Path) -> ImportMapping:
    """A mapping from outside the community's folder. It may be a changed copy of one inside."""
    catalog = load_catalog(house().settings.config, path)
    return list(catalog.imports.values())[-1]


_Fit = tuple[ImportMapping, int, dict[str, int]]  # a mapping, its header's place, its columns'


def _best_fit(path: Path, rows: Sequence[Row], candidates: Sequence[ImportMapping]) -> _Fit | None:
    """The mapping that most of the columns are of, and where its header is."""
    fits: list[_Fit] = [
        (mapping, at, columns)
        for mapping in candidates
        for at, row in enumerate(rows)
        if (columns := header_of(mapping, row.cells)) is not None
    ]
    if not fits:
        return None
    most = max(len(columns) for _mapping, _at, columns in fits)
    best = {fit[0].id: fit for fit in reversed(fits) if len(fit[2]) == most}
    if len(best) > 1:
        problem = f"几张导入表都对得上，请说明用哪一张：{'、'.join(best)}。"
        raise BadFile(file=path.name, problem=problem)
    return next(iter(best.values()))


def _no_fit(path: Path, rows: Sequence[Row], candidates: Sequence[ImportMapping]) -> BadFile:
    if not rows:
        return BadFile(file=path.name, problem="里面没有内容。")
    found = [text for cell in rows[0].cells if (text := text_of(cell))]
    has = "、".join(found[:12])
    wants = "；".join(f"{m.name}要有 {'、'.join(m.required)}" for m in candidates)
    return BadFile(file=path.name, problem=f"的表头对不上：表里是 {has}。{wants}。")


def _read(
    path: Path,
    sheet: Sheet,
    rows: Sequence[Row],
    mapping: ImportMapping,
    header: int,
    columns: dict[str, int],
    progress: Progress | None,
) -> Plan:
    missing = tuple(column for column in mapping.columns if column not in columns)
    plan = Plan(path.name, mapping.name, sheet.name, missing=missing)
    now, seen = utc_now(), set[str]()
    for row in chain(rows[header + 1 :], sheet.rows):
        cells = {c: row.cells[at] if at < len(row.cells) else "" for c, at in columns.items()}
        if not any(map(_says_something, cells.values())):
            continue
        plan.rows += 1
        request = _request(read_row(row.number, cells, mapping, now, house().timezone), plan)
        if request is not None:
            assert request.external_id is not None
            if request.external_id in seen:
                plan.repeated.append(row.number)
                continue
            seen.add(request.external_id)
            plan.new.append(request)
        if progress:
            progress("读表", plan.rows)
    stored = numbers_stored(mapping.source, seen)
    plan.stored = len(stored)
    plan.new = [request for request in plan.new if request.external_id not in stored]
    return plan


def _says_something(cell: object) -> bool:
    return not isinstance(cell, str) or bool(cell.strip())


def _request(reading: Reading, plan: Plan) -> Place | None:
    """The order that a row asks for; None when something is wrong, all of which the plan then lists."""
    request, problems = try_request(Action.PLACE, reading.values)
    whole = request if isinstance(request, Place) else Place.model_construct(**reading.values)
    checked, errors = check_place(whole)
    if not (reading.mistakes or problems or errors):
        return checked
    for error in (*problems, *errors):
        reading.blame_field(str(error.facts["name"]), _remedy(error))
    plan.mistakes += reading.mistakes
    return None


def _remedy(error: DiandanError) -> str:
    """The part of the sentence that goes behind the cell and its column."""
    if error.facts.get("kind") == "missing":
        return "不能空着"
    return str(error.facts.get("problem") or error).rstrip("。")
