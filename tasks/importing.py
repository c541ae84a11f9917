"""Many orders out of a file: what an import would do, every cell that is not right, and the doing of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain, islice
from pathlib import Path
from typing import Any

from config.catalog import ImportMapping, load_catalog
from tasks.bulk import numbers_stored, place_all
from tasks.clock import utc_now
from tasks.errors import BadFile, BadRows, DiandanError, NotFilledIn, UnknownId
from tasks.house import house
from tasks.intake import examine
from tasks.models.inputs import Place
from tasks.models.sheet import NO_VALUE, Row, Sheet
from tasks.rules.importing import (
    CellMistake,
    Fault,
    Reading,
    header_of,
    read_row,
    shown,
    text_of,
    usual_values,
)
from tasks.sheets import read_sheets

MAX_ROWS = 100_000  # more would keep other writers of SQLite waiting for too long
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
    unused: tuple[str, ...] = ()  # columns of the table that the mapping does not speak of
    rows: int = 0
    new: list[Place] = field(default_factory=list)  # in the file's order
    stored: int = 0  # rows that are orders already
    repeated: list[int] = field(default_factory=list)  # rows whose id an earlier row has
    differing: list[int] = field(default_factory=list)  # those of them that say something else
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
        parts.append(f"{len(plan.repeated)} 行和前面的重复（第 {_listed(plan.repeated)} 行）")
    if plan.differing:
        rows = _listed(plan.differing)
        parts.append(f"其中 {len(plan.differing)} 行内容不一样，请核对编号（第 {rows} 行）")
    if plan.unused:
        parts.append(f"没有用到的列：{'、'.join(plan.unused)}")
    if plan.missing:
        parts.append(f"表里没有的列：{'、'.join(plan.missing)}")
    if plan.unread:
        parts.append(f"没有读的工作表：{'、'.join(plan.unread)}")
    return "，".join(parts) + "。"


def spans_of(numbers: Sequence[str]) -> str:
    """The first and the last number of each kind and year."""
    series: dict[str, list[str]] = {}
    for number in numbers:
        series.setdefault(number.rpartition("-")[0], []).append(number)
    return "、".join(
        span[0] if len(span) == 1 else f"{span[0]} 到 {span[-1]}" for span in series.values()
    )


def _listed(rows: Sequence[int]) -> str:
    return "、".join(map(str, rows[:10])) + "…" * (len(rows) > 10)


def _candidates(mapping: str | None) -> list[ImportMapping]:
    known = house().catalog.imports
    if mapping is None:
        return list(known.values())
    if mapping in known:
        return [known[mapping]]
    path = Path(mapping)
    if path.suffix in (".yaml", ".yml"):
        if not path.is_file():
            raise BadFile(file=path.name, problem="不存在。")
        return [_mapping_of(path)]
    raise UnknownId(what="导入表", id=mapping, hint="，可用的有：" + "、".join(known))


def _mapping_of(path: Path) -> ImportMapping:
    """A mapping from outside the community's folder. It may be a changed copy of one inside."""
    (mapping,) = load_catalog(house().settings.config, path).imports.values()
    return mapping


_Fit = tuple[ImportMapping, int, dict[str, int]]  # a mapping, its header's place, its columns'


def _best_fit(path: Path, rows: Sequence[Row], candidates: Sequence[ImportMapping]) -> _Fit | None:
    """The mapping that most of the columns are of, and where its header is."""
    try:
        fits: list[_Fit] = [
            (mapping, at, columns)
            for mapping in candidates
            for at, row in enumerate(rows)
            if (columns := header_of(mapping, row.cells)) is not None
        ]
    except Fault as fault:
        raise BadFile(file=path.name, problem=str(fault)) from None
    if not fits:
        return None
    most = max(len(columns) for _mapping, _at, columns in fits)
    best = {fit[0].id: fit for fit in reversed(fits) if len(fit[2]) == most}
    if len(best) > 1:
        problem = f"几张导入表都对得上，请说明用哪一张：{'、'.join(best)}。"
        raise BadFile(file=path.name, problem=problem)
    return next(iter(best.values()))


def _no_fit(path: Path, rows: Sequence[Row], candidates: Sequence[ImportMapping]) -> BadFile:
    """What the table has, and what it lacks for the mapping that it is most like."""
    if not rows:
        return BadFile(file=path.name, problem="里面没有内容。")
    first = [text for cell in rows[0].cells if (text := shown(cell))]
    has = {text_of(cell) for row in rows for cell in row.cells}
    nearest = max(candidates, key=lambda mapping: len(has & set(mapping.columns)))
    lacks = "、".join(column for column in nearest.required if column not in has)
    problem = (
        f"的表头对不上（看了前 {HEADER_WITHIN} 行）：第一行是 {'、'.join(first[:12])}。"
        f"按“{nearest.name}”，还要有这些列：{lacks}。"
    )
    return BadFile(file=path.name, problem=problem)


def _read(
    path: Path,
    sheet: Sheet,
    top: Sequence[Row],
    mapping: ImportMapping,
    header: int,
    columns: dict[str, int],
    progress: Progress | None,
) -> Plan:
    """`top` are the sheet's first rows, the header is one of them."""
    heads = [text_of(cell) for cell in top[header].cells]
    plan = Plan(path.name, mapping.name, sheet.name)
    plan.missing = tuple(column for column in mapping.columns if column not in columns)
    plan.unused = tuple(dict.fromkeys(shown(h) for h in heads if h and h not in columns))
    now, words = utc_now(), dict[str, str]()  # what was said, by the rows' ids
    usual = _usual(path, mapping, now)
    for row in chain(top[header + 1 :], sheet.rows):
        says = [text_of(cell) for cell in row.cells]
        if not _says_something(row, columns) or says == heads:  # as on the head of a new page
            continue
        plan.rows += 1
        if plan.rows > MAX_ROWS:
            raise BadFile(file=path.name, problem=f"超过 {MAX_ROWS:,} 行，请分成几份再导入。")
        if not sheet.name and any(says[len(heads) :]):
            plan.mistakes.append(_too_wide(row, says, len(heads)))
            continue
        reading = read_row(row, columns, mapping, usual, now, house().timezone)
        _take(plan, row.number, _request(reading, plan), words)
        if progress:
            progress("读表", plan.rows)
    stored = numbers_stored(mapping.source, words)
    plan.stored = len(stored)
    plan.new = [request for request in plan.new if request.external_id not in stored]
    return plan


def _says_something(row: Row, columns: Mapping[str, int]) -> bool:
    cells = (row.cells[at] for at in columns.values() if at < len(row.cells))
    return any(cell is NO_VALUE or text_of(cell) for cell in cells)


def _too_wide(row: Row, says: Sequence[str], width: int) -> CellMistake:
    """In a CSV file, a comma within a cell that is not quoted: what follows it would be lost."""
    problem = "比表头多出来的内容；格子里有逗号时，整格要加英文双引号"
    return CellMistake(row.number, "", shown("，".join(says[width:])), problem)


def _take(plan: Plan, row: int, request: Place | None, words: dict[str, str]) -> None:
    """Puts a row's order into the plan, unless an earlier row has its id."""
    if request is None:
        return
    assert request.external_id is not None
    if request.external_id in words:
        plan.repeated.append(row)
        if words[request.external_id] != request.words:
            plan.differing.append(row)
        return
    words[request.external_id] = request.words
    plan.new.append(request)


def _usual(path: Path, mapping: ImportMapping, now: datetime) -> dict[str, Any]:
    try:
        return usual_values(mapping, now, house().timezone)
    except Fault as fault:
        problem = f"用的导入表“{mapping.name}”里，usual 有一项不对：{fault}。"
        raise BadFile(file=path.name, problem=problem) from None


def _request(reading: Reading, plan: Plan) -> Place | None:
    """The order that a row asks for; None when something is wrong, all of which the plan then lists."""
    request, errors = examine(reading.values)
    if request is not None and not reading.mistakes:
        return request
    for error in errors:
        reading.blame_field(str(error.facts["name"]), _remedy(error))
    plan.mistakes += reading.mistakes
    return None


def _remedy(error: DiandanError) -> str:
    """The part of the sentence that goes behind the cell and its column."""
    if isinstance(error, NotFilledIn):
        return "不能空着"
    return str(error.facts.get("problem") or error).rstrip("。")
