"""Real messages of real citizens, as messy as they are: taken in word for word, and carried to the rating.

They lie beside this repository on some machines only, and stay there: no test prints them.
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

import pytest

from config.settings import ROOT
from flows.forms.steps import next_step
from tasks.house import House
from tasks.intake import place_order
from tasks.models.enums import Action, Status
from tasks.models.tables import History, Message, Order, Resident
from tasks.orders import act
from tasks.requests import request_for

MESSAGES = ROOT.parent / "shared" / "data" / "appeals.csv"
HOW_MANY = 20

Rows = Callable[..., list[Any]]
Submit = Callable[..., None]


@dataclass(frozen=True, repr=False)
class RealMessage:
    """One of them. It has no repr, so that nothing of it is printed when a test fails."""

    id: str
    who: str
    subject: str
    text: str

    @property
    def words(self) -> str:
        return f"{self.subject}\n{self.text}"


@pytest.fixture(scope="module")
def real_messages() -> list[RealMessage]:
    """The first messages of the file, as they stand there."""
    if not MESSAGES.exists():
        pytest.skip("the citizens' messages are not beside this repository")
    columns = ("留言编号", "留言用户", "留言主题", "留言详情")
    with MESSAGES.open(encoding="utf-8-sig", newline="") as file:
        rows = islice(csv.DictReader(file), HOW_MANY)
        return [RealMessage(*(row[column] for column in columns)) for row in rows]


def place_all(messages: list[RealMessage]) -> list[str]:
    """Their numbers, in order. A failure names the line, not the words."""
    numbers = []
    for line, message in enumerate(messages, start=2):
        typed = {
            "kind": "appeal",
            "words": message.words,
            "resident": message.who,
            "source": "import",
            "external_id": message.id,
        }
        try:
            request = request_for(Action.PLACE, typed)
            numbers.append(place_order(request, "system"))  # type: ignore[arg-type]
        except Exception as error:
            pytest.fail(f"line {line} was not taken: {type(error).__name__}", pytrace=False)
    return numbers


def test_twenty_real_messages_are_twenty_orders_word_for_word(
    sqlite_house: House, real_messages: list[RealMessage], rows: Rows
) -> None:
    numbers = place_all(real_messages)
    assert len(set(numbers)) == len(real_messages) == HOW_MANY
    who = {resident.id: resident.name for resident in rows(Resident)}
    for order, message in zip(rows(Order), real_messages, strict=True):
        assert order.external_id == message.id
        words_are_theirs = order.words == message.words.replace("\r\n", "\n").strip()
        name_is_theirs = who[order.resident_id] == message.who.strip()
        assert words_are_theirs, order.number
        assert name_is_theirs, order.number


def test_placing_them_again_changes_nothing(
    sqlite_house: House, real_messages: list[RealMessage], rows: Rows
) -> None:
    tables = (Order, History, Message, Resident)
    numbers = place_all(real_messages)
    before = [[row.model_dump() for row in rows(table)] for table in tables]
    assert place_all(real_messages) == numbers
    after = [[row.model_dump() for row in rows(table)] for table in tables]
    nothing_new = after == before
    assert nothing_new, "the second time left a trace"


def test_three_of_them_are_carried_to_the_rating_one_through_a_second_round(
    sqlite_house: House,
    real_messages: list[RealMessage],
    submit: Submit,
    look: Callable[[str], Order],
) -> None:
    first, second, third = place_all(real_messages)[:3]
    for number in (first, second, third):
        for status in (Status.PLACED, Status.ACCEPTED, Status.ASSIGNED, Status.TAKEN):
            assert standing(look, number) == (status, 1)
            assert next_step(number).form is not None  # whatever the words hold, a form shows them
            _go_on(number, submit, status)
        submit(number, ("finish", {"reason": "办好了"}))
    _rate(first, "satisfied", solved="yes")
    _rate(second, "unsatisfied", solved="no")
    _rate(third, "basically", solved="yes")
    assert standing(look, first) == standing(look, third) == (Status.CLOSED, 1)
    assert standing(look, second) == (Status.TAKEN, 2)
    submit(second, ("claim", {"to": "m-004"}), ("finish", {"reason": "这回办好了"}))
    _rate(second, "satisfied", solved="yes")
    assert standing(look, second) == (Status.CLOSED, 2)


def standing(look: Callable[[str], Order], number: str) -> tuple[Status, int]:
    """Where an order stands, and in which round."""
    order = look(number)
    return order.status, order.round


def _go_on(number: str, submit: Submit, status: Status) -> None:
    steps: dict[Status, tuple[str, dict[str, Any]]] = {
        Status.PLACED: ("accept", {"category": "other"}),
        Status.ACCEPTED: ("assign", {"to": "desk"}),
        Status.ASSIGNED: ("take", {}),
        Status.TAKEN: ("claim", {"to": "m-004"}),
    }
    submit(number, steps[status])


def _rate(number: str, grade: str, *, solved: str) -> None:
    """A call-back by a colleague of whoever finished it."""
    request = request_for(Action.RATE, {"grade": grade, "solved": solved, "reason": "居民这样说"})
    act(number, [request], "staff-2")


def test_no_message_can_break_a_form_or_show_in_the_list_of_runs(
    sqlite_house: House, real_messages: list[RealMessage]
) -> None:
    for number, message in zip(place_all(real_messages), real_messages, strict=True):
        step = next_step(number)
        lines = step.form._description.splitlines()
        broken = [n for n, line in enumerate(lines) if line[:1] == "|" and not _two_cells(line)]
        assert broken == [], number
        listed = " ".join((step.run_name, *step.tags))
        is_told = message.who.strip() in listed or message.subject.strip() in listed
        assert not is_told, number


def _two_cells(line: str) -> bool:
    return line.replace("\\|", "").count("|") == 3
