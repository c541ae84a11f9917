"""A meeting on paper: its agenda beforehand, its minutes afterwards, as a page and as a document."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.absences import who_is_away
from tasks.agenda import meeting_json
from tasks.db import transaction
from tasks.documents import write_document
from tasks.house import house
from tasks.messages import write_brief
from tasks.models.enums import Audience, Event
from tasks.rendering import DEFAULT_LOCALE, render_page
from tasks.rules.escalation import holders
from tasks.rules.ladder import COMMITTEE, TOP
from tasks.texts import shortened

LINES = 20  # of an agenda in a message


@dataclass(frozen=True)
class Paper:
    """What people read: the page, and the same as a file."""

    title: str
    markdown: str
    file: Path


def agenda_of(meeting: int) -> Paper:
    """What the meeting has to decide. Written again, it takes the earlier one's place."""
    return _paper(meeting_json(meeting), "agenda", "议程")


def tell_members(meeting: int) -> None:
    """Writes the agenda to everybody who sits in the meeting (the community committee and the town), once."""
    found = meeting_json(meeting)
    lines = [
        {"number": one["order"] or "", "words": shortened(one["words"]), "kind": one["kind_name"]}
        for one in found["matters"][:LINES]
    ]
    facts = {"count": len(found["matters"]), "lines": lines}
    with transaction(house().database) as session:
        away = who_is_away(session)
        for rung in (COMMITTEE, TOP):
            for person in holders(rung, None, house().catalog, away):
                about = f"meeting-{meeting}"
                write_brief(
                    session, Event.MEETING_AGENDA, Audience.LADDER, about, facts, recipient=person
                )


def minutes_of(meeting: int) -> Paper:
    """What the meeting decided, and what it gave to whom."""
    return _paper(meeting_json(meeting), "minutes", "纪要")


def _paper(found: dict[str, Any], page: str, word: str) -> Paper:
    community = house().catalog.community
    facts = {"community": community.name, "timezone": community.timezone, "locale": DEFAULT_LOCALE}
    title = f"{found['name']}{word} {found['day']}"
    markdown = render_page(page, {**found, **facts})
    folder = house().settings.home / "meetings"
    file = write_document(markdown, folder / f"{found['day']}-{found['meeting']}-{word}.docx")
    return Paper(title, markdown, file)
