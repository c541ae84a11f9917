"""The lists that forms offer, in the community's own words."""

from __future__ import annotations

from flows.forms.answers import NONE, UNKNOWN_GRID
from tasks.desk import DeskView
from tasks.house import house


def category_names() -> list[str]:
    """All categories."""
    return [category.name for category in house().catalog.categories.values()]


def grid_names() -> list[str]:
    """All grids, and not knowing which."""
    return [UNKNOWN_GRID, *(grid.name for grid in house().catalog.grids.values())]


def handler_names(view: DeskView) -> list[str]:
    """Who can be assigned: the defaults of the category first, then whoever else serves it."""
    catalog = house().catalog
    category, grid = view.suggested_category, view.state.grid
    first = catalog.default_handlers(category, grid)
    others = (id for id in catalog.handlers if id not in first)
    return [catalog.handlers[id].name for id in (*first, *others)]


def usual_handler(category: str, grid: str) -> str:
    """The name of whoever usually does what is of this category in this grid; "" for nobody."""
    catalog = house().catalog
    wanted = next((c.id for c in catalog.categories.values() if c.name == category), "")
    where = next((g.id for g in catalog.grids.values() if g.name == grid), None)
    usual = catalog.default_handlers(wanted, where) if wanted else ()
    return catalog.handlers[usual[0]].name if usual else ""


def other_handler_names(view: DeskView) -> list[str]:
    """Everybody but the one who has it."""
    return [name for name in handler_names(view) if name != view.handler]


def twin_lines(view: DeskView) -> list[str]:
    """The likely twins, after the answer that there is none."""
    return [NONE, *view.twins]
