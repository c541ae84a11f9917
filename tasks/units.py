"""The units that registered and were verified, as the catalog takes them."""

from __future__ import annotations

from sqlalchemy import inspect
from sqlmodel import col, select

from config.units import RegisteredUnit
from tasks.db import is_there, reading
from tasks.models.tables import UnitRow


def known_units(url: str) -> list[RegisteredUnit]:
    """Those of a database, by id; none where it is not there yet, or older than they are."""
    if not is_there(url):
        return []
    with reading(url) as session:
        if not inspect(session.connection()).has_table(UnitRow.__tablename__):
            return []
        rows = select(UnitRow).where(col(UnitRow.verified_at).is_not(None)).order_by(UnitRow.id)
        return [
            RegisteredUnit(row.id, row.name, row.phone, tuple(row.grids), tuple(row.categories))
            for row in session.exec(rows)
        ]
