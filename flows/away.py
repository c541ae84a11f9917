"""请假代班: who is away from when to when, and who is reminded instead."""

from __future__ import annotations

from prefect import flow

from flows.forms.answers import Answer
from flows.forms.fields import Fields, day, pick, who
from flows.one_form import Question, ask_and_do
from tasks.absences import persons, set_absence
from tasks.clock import utc_now
from tasks.done import Done
from tasks.errors import BadInput
from tasks.house import house
from tasks.rules.deadline import local_day

HINT = "**请假代班** · 这几天要提醒、上报给本人的，改发给代班的人；代班的人也请了假，就顺着往下找。"


@flow(name="away", flow_run_name="请假代班")
async def note_absence() -> None:
    """Asks who is away and who stands in; a refusal is shown above the same form."""
    await ask_and_do(Question("AwayForm", HINT, _fields), _note)


def _fields() -> Fields:
    names, today = list(persons()), local_day(utc_now(), house().timezone)
    return {
        "who": who(),
        "person": pick("谁请假", names),
        "first": day("从哪天", today),
        "last": day("到哪天", today),
        "substitute": pick("谁代班", names),
    }


def _note(answer: Answer) -> Done:
    known = persons()
    person, substitute = (known.get(answer.text(name)) for name in ("person", "substitute"))
    if person is None or substitute is None:
        raise BadInput(field="谁请假、谁代班", problem="请都选上。")
    first, last = answer.text("first"), answer.text("last")
    return Done(f"请假代班 · {set_absence(person, substitute, first, last, answer.who)}")
