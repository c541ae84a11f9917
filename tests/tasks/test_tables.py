"""What goes into a table comes out the same on every database."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError
from sqlmodel import select

from tasks.db import reading, transaction
from tasks.house import House
from tasks.models.enums import Purpose
from tasks.models.tables import Installation


def test_a_local_time_comes_back_as_the_same_moment_in_utc(database: House) -> None:
    noon = datetime(2026, 9, 14, 12, 0, 0, 123456, tzinfo=ZoneInfo("Asia/Shanghai"))
    with transaction(database.database) as session:
        session.exec(select(Installation)).one().created_at = noon
    with reading(database.database) as session:
        stored = session.exec(select(Installation.created_at)).one()
    assert stored == noon
    assert stored.isoformat() == "2026-09-14T04:00:00.123456+00:00"
    assert stored.tzinfo is UTC


def test_a_time_without_a_zone_is_not_stored(database: House) -> None:
    with pytest.raises(StatementError, match="a time without zone cannot be stored"):
        with transaction(database.database) as session:
            session.exec(select(Installation)).one().created_at = datetime(2026, 9, 14)  # noqa: DTZ001


def test_a_word_of_a_closed_list_is_stored_as_its_plain_value(database: House) -> None:
    with reading(database.database) as session:
        assert session.execute(text("SELECT purpose FROM installation")).scalar_one() == "test"
        assert session.exec(select(Installation.purpose)).one() is Purpose.TEST


def test_a_word_that_the_list_lacks_is_not_stored(database: House) -> None:
    with pytest.raises(StatementError, match="'holiday' is not a valid Purpose"):
        with transaction(database.database) as session:
            session.exec(select(Installation)).one().purpose = "holiday"  # type: ignore[assignment]
