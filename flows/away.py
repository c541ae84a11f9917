"""请假代班: who is away from when to when, and who is reminded instead."""

from __future__ import annotations

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger

from flows.asking import connect, forget_forms, last_answer, this_run_id, wait_for
from flows.forms.answers import Answer
from flows.forms.description import warning
from flows.forms.fields import Fields, OrderForm, build_form, day, keeping, pick, who
from tasks.absences import persons, set_absence
from tasks.clock import utc_now
from tasks.errors import BadInput, DiandanError
from tasks.house import house
from tasks.rules.deadline import local_day

NAME = "AwayForm"
HINT = "**请假代班** · 这几天要提醒、上报给本人的，改发给代班的人；代班的人也请了假，就顺着往下找。"


@flow(name="away", flow_run_name="请假代班")
async def note_absence() -> None:
    """Asks who is away and who stands in; a refusal is shown above the same form."""
    async with connect() as client:
        answer, next_key = await last_answer(client, "away")
        problem = await _carry_out(client, answer) if answer else ""
        if answer is None or problem:
            await wait_for(_form(problem, answer), next_key)


def _form(problem: str, earlier: Answer | None) -> type[OrderForm]:
    names, today = list(persons()), local_day(utc_now(), house().timezone)
    fields: Fields = {
        "who": who(),
        "person": pick("谁请假", names),
        "first": day("从哪天", today),
        "last": day("到哪天", today),
        "substitute": pick("谁代班", names),
    }
    fields = keeping(fields, earlier.values if earlier else {})
    return build_form(NAME, fields, warning(problem) + HINT)


async def _carry_out(client: PrefectClient, answer: Answer) -> str:
    """Notes it; gives the refusal in words."""
    known = persons()
    try:
        person, substitute = (known.get(answer.text(name)) for name in ("person", "substitute"))
        if person is None or substitute is None:
            raise BadInput(field="谁请假、谁代班", problem="请都选上。")
        first, last = answer.text("first"), answer.text("last")
        said = set_absence(person, substitute, first, last, answer.who)
    except DiandanError as error:
        return str(error)
    get_run_logger().info("%s", said)
    await client.update_flow_run(this_run_id(), name=f"请假代班 · {said}")
    await forget_forms(client, this_run_id())
    return ""
