"""Which form an order waits with, and what an answer to it means: the two tables that tie forms to the law."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flows.forms import acceptance, assignment, funding, rating, resolution
from flows.forms.answers import Answer
from flows.forms.description import describe
from flows.forms.fields import Fields, OrderForm, build_form, keeping
from tasks.desk import DeskView, look_at
from tasks.models.enums import OPEN, WAITING_FOR, Status
from tasks.models.inputs import ActionInput


@dataclass(frozen=True)
class Stage:
    """A form's name and fields, and the actions that an answer to it stands for."""

    name: str
    fields: Callable[[DeskView], Fields]
    requests: Callable[[DeskView, Answer], list[ActionInput]]


WAITING: dict[Status, Stage] = {
    Status.PLACED: Stage(acceptance.NAME, acceptance.fields, acceptance.requests),
    Status.ACCEPTED: Stage(
        assignment.ASSIGN_FORM, assignment.assign_fields, assignment.assign_requests
    ),
    Status.ASSIGNED: Stage(
        assignment.TAKE_FORM, assignment.take_fields, assignment.handler_requests
    ),
    Status.TAKEN: Stage(
        assignment.CLAIM_FORM, assignment.claim_fields, assignment.handler_requests
    ),
    Status.CLAIMED: Stage(resolution.WORK_FORM, resolution.work_fields, resolution.work_requests),
    Status.DONE: Stage(rating.NAME, rating.fields, rating.requests),
    Status.ON_HOLD: Stage(resolution.HOLD_FORM, resolution.hold_fields, resolution.plain_requests),
    Status.IN_MEETING: Stage(
        resolution.MEETING_FORM, resolution.meeting_fields, resolution.plain_requests
    ),
    Status.FUNDING: Stage(funding.NAME, funding.fields, funding.requests),
}
REASSIGN = Stage(assignment.REASSIGN_FORM, assignment.reassign_fields, assignment.reassign_requests)
BY_NAME: dict[str, Stage] = {stage.name: stage for stage in (*WAITING.values(), REASSIGN)}


@dataclass(frozen=True)
class Step:
    """What an order's run does next: nothing more, or wait with this form under this key."""

    number: str
    waits: bool
    version: int = 0
    key: str = ""
    run_name: str = ""
    tags: tuple[str, ...] = ()
    form: type[OrderForm] | None = None


def next_step(
    number: str, problem: str = "", *, reassign: bool = False, refused: Answer | None = None
) -> Step:
    """What the order waits for now. `problem` says why the last answer was not taken; what was
    chosen in a `refused` one stays chosen, so that only the mistake has to be put right."""
    view = look_at(number)
    state = view.state
    about = view.category or state.kind.label
    where = view.grid or "网格不详"
    name = f"{state.number} {about} · {where} · {WAITING_FOR.get(state.status, state.status.label)}"
    if state.status not in OPEN:
        return Step(number, waits=False, run_name=name, tags=(state.status.label, where))
    stage = REASSIGN if reassign and state.status is Status.CLAIMED else WAITING[state.status]
    fields = stage.fields(view)
    if refused is not None:
        kept = refused.values if refused.form == stage.name else {"reason": refused.text("reason")}
        fields = keeping(fields, kept)
    with_phone = state.status is Status.DONE
    description = describe(view, len(fields), with_phone=with_phone, problem=problem)
    return Step(
        number=number,
        waits=True,
        version=state.version,
        key=view.key,
        run_name=name,
        tags=(WAITING_FOR[state.status], where),
        form=build_form(stage.name, fields, description),
    )


def requests_of(number: str, answer: Answer) -> list[ActionInput]:
    """The actions that an answer stands for. Raises BadInput when something needed is missing."""
    return BY_NAME[answer.form].requests(look_at(number), answer)
