"""What the people whom a message is for have chosen: looked up for all of them at once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sqlalchemy as sql
from sqlmodel import Session, col

from tasks.batches import batches
from tasks.house import house
from tasks.models.choice_tables import ChoiceRow
from tasks.models.enums import Audience, Event
from tasks.rules.choices import AS_IT_COMES, Choice

Person = tuple[Audience, str]
CHOOSERS = (Audience.RESIDENT, Audience.HANDLER, Audience.MEMBER)


def person_key(audience: Audience, recipient: str) -> Person:
    """Under which audience and id somebody's choice stands: a person has one, as staff, as member and on the
    ladder."""
    if audience in (Audience.MEMBER, Audience.LADDER):
        return Audience.MEMBER, house().catalog.person(recipient)
    return audience, recipient


class Choices:
    """The choices of some people; of whoever chose nothing it is as it comes."""

    def __init__(self, found: Mapping[Person, Choice]) -> None:
        self._found = found

    def of(self, audience: Audience, recipient: str) -> Choice:
        """That of a message's recipient."""
        return self._found.get(person_key(audience, recipient), AS_IT_COMES)


def choices_of(session: Session, people: Iterable[Person]) -> Choices:
    """What these recipients of messages have chosen; one question for all of them."""
    ids = sorted({key[1] for key in (person_key(*one) for one in people) if key[0] in CHOOSERS})
    found: dict[Person, Choice] = {}
    for some in batches(ids):
        for row in session.connection().execute(_WANTED, {"people": some}):
            found[row.audience, row.person] = choice_in(row)
    return Choices(found)


_WANTED = sql.select(*ChoiceRow.__table__.columns).where(  # type: ignore[attr-defined]
    col(ChoiceRow.audience).in_(CHOOSERS),
    col(ChoiceRow.person).in_(sql.bindparam("people", expanding=True)),
)
"""Asked with every action, so it is written once; the key answers it."""


def choice_in(row: ChoiceRow | sql.Row[Any]) -> Choice:
    """A row as the rules see it; events that there are no more are left out."""
    known = {event.value for event in Event}
    return Choice(
        channel=row.channel,
        language=row.language,
        declined=frozenset(Event(one) for one in row.declined if one in known),
        quiet=row.quiet,
        digest_hour=row.digest_hour,
    )
