"""Acting on any open order without typing a number: a run that offers the orders it could mean."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from prefect import flow
from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger

from flows.asking import connect, forget_forms, last_answer, this_run_id, wait_for
from flows.forms.answers import Answer
from flows.forms.description import warning
from flows.forms.fields import (
    Fields,
    OrderForm,
    build_form,
    day,
    keeping,
    labels,
    pick,
    remembering,
    text,
    ticks,
    who,
)
from flows.forms.funding import receive
from flows.forms.rating import NOT_SOLVED, SOLVED
from flows.news import spread_news
from flows.runs import refresh
from tasks.clock import utc_now
from tasks.desk import Choice, open_orders, open_with_deadlines
from tasks.directory import member_lines
from tasks.errors import BadInput, DiandanError
from tasks.house import house
from tasks.markup import escaped
from tasks.models.enums import Action, Grade, Status
from tasks.models.inputs import ActionInput
from tasks.orders import act, touched_by
from tasks.rules.deadline import local_day
from tasks.rules.lifecycle import TRANSITIONS
from tasks.till import big_wishes, promised, with_money
from tasks.wakes import was_applied

NAME = "ActForm"
CALL_BACK = "回访"


@dataclass(frozen=True)
class Offer:
    """One thing that can be done to an order from its own run: the extra fields, and what they mean."""

    actions: tuple[Action, ...]
    fields: Callable[[], Fields]
    request: Callable[[Answer], ActionInput]
    fits: Callable[[Choice], bool] = lambda _choice: True
    choices: Callable[[], list[Choice]] = open_orders
    which: str = "哪一单"
    when: str = ""  # it can be done, where that is not plain


def _reason_only() -> Fields:
    return {"reason": text("说明")}


def _handler_and_reason() -> Fields:
    handlers = [handler.name for handler in house().catalog.handlers.values()]
    return {"handler": pick("改派给", handlers), "reason": text("说明（必填）")}


def _date_and_reason() -> Fields:
    return {
        "date": day("延到哪天", local_day(utc_now(), house().timezone)),
        "reason": text("说明（必填）"),
    }


def _yes_or_no() -> Fields:
    steps = [Action.APPROVE_EXTENSION.label, Action.REFUSE_EXTENSION.label]
    return {"step": pick("决定", steps, steps[0]), "reason": text("说明")}


def _rating() -> Fields:
    return {
        "grade": pick("居民说", labels(Grade)),
        "solved": pick("解决了吗", [SOLVED, NOT_SOLVED], SOLVED),
        "reason": text("居民的话（不满意要填）"),
    }


def _rate(answer: Answer) -> ActionInput:
    grade = Grade.by_label(answer.text("grade"))
    return answer.request(Action.RATE, grade=grade, solved=answer.text("solved") != NOT_SOLVED)


def _sum_and_reason() -> Fields:
    return {"yuan": text("金额（元）"), "reason": text("说明")}


def _sum_and_voucher() -> Fields:
    return {"yuan": text("金额（元）"), "voucher": text("凭证编号"), "reason": text("用途")}


def _sum_and_wish() -> Fields:
    wishes = [choice.line for choice in big_wishes()]
    return {
        "to": pick("转给哪个心愿", wishes),
        "yuan": text("金额（元）"),
        "reason": text("说明（会议的决定，必填）"),
    }


def _who_helps() -> Fields:
    return {"helpers": ticks("谁来帮忙", list(member_lines())), "reason": text("帮什么")}


def _ask_for_help(answer: Answer) -> ActionInput:
    lines, members = answer.values.get("helpers") or [], member_lines()
    if not lines:
        raise BadInput(field="谁来帮忙", problem="还没有选。")
    helpers = [members.get(line, line) for line in lines]
    reason = answer.text("reason") or f"请{'、'.join(line.split('（')[0] for line in lines)}帮忙"
    return answer.request(Action.REPORT, helpers=helpers, reason=reason)


def _number_in(line: str) -> str:
    """The order at the beginning of a pick list line."""
    return line.split(" ")[0]


OFFERS: dict[str, Offer] = {
    "改派": Offer(
        (Action.REASSIGN,),
        _handler_and_reason,
        lambda answer: answer.request(Action.REASSIGN, to=answer.text("handler")),
    ),
    "加帮手": Offer(
        (Action.REPORT,),
        _who_helps,
        _ask_for_help,
        fits=lambda choice: choice.status is Status.CLAIMED,
        when="有人认领以后才能加帮手。",
    ),
    "撤单": Offer((Action.WITHDRAW,), _reason_only, lambda answer: answer.request(Action.WITHDRAW)),
    "恢复": Offer((Action.RESUME,), _reason_only, lambda answer: answer.request(Action.RESUME)),
    "申请延期": Offer(
        (Action.ASK_EXTENSION,),
        _date_and_reason,
        lambda answer: answer.request(Action.ASK_EXTENSION, date=answer.text("date")),
        fits=lambda choice: choice.asked_until is None,
        choices=open_with_deadlines,
    ),
    "批准延期": Offer(
        (Action.APPROVE_EXTENSION, Action.REFUSE_EXTENSION),
        _yes_or_no,
        lambda answer: answer.request(Action.by_label(answer.text("step"))),
        fits=lambda choice: choice.asked_until is not None,
    ),
    "退回一线": Offer(
        (Action.SEND_BACK,), _reason_only, lambda answer: answer.request(Action.SEND_BACK)
    ),
    "到账": Offer(
        (Action.RECEIVE,),
        _sum_and_reason,
        lambda answer: receive(answer, answer.text("order")),
        choices=promised,
        when="先在那个心愿的表里记一笔“认领”。",
        which="哪一笔",
    ),
    "支出": Offer(
        (Action.SPEND,),
        _sum_and_voucher,
        lambda answer: answer.request(
            Action.SPEND, yuan=answer.text("yuan"), voucher=answer.text("voucher")
        ),
        choices=with_money,
        when="筹足、牵头单位接单以后才能支出。",
    ),
    "转用款项": Offer(
        (Action.MOVE_MONEY,),
        _sum_and_wish,
        lambda answer: answer.request(
            Action.MOVE_MONEY, yuan=answer.text("yuan"), to=_number_in(answer.text("to"))
        ),
        choices=with_money,
    ),
    CALL_BACK: Offer((Action.RATE,), _rating, _rate),
}


@flow(name="act-on-order", flow_run_name="{what}")
async def act_on_order(what: str) -> None:
    """Asks which order and what exactly, and does it; a refusal is shown above the same form.

    Args:
        what: 不用改，直接提交（Run 或 Submit）。
    """
    async with connect() as client:
        answer, next_key = await last_answer(client, "pick")
        problem = ""
        if answer is not None:
            problem = await _carry_out(client, what, answer)
            if not problem:
                return
        form = _form(what, problem, answer)
        if form is None:
            get_run_logger().info("现在没有可以“%s”的订单。%s", what, OFFERS[what].when)
            await client.update_flow_run(this_run_id(), name=f"{what} · 现在没有可以办的")
            return
        await wait_for(form, next_key)


def _candidates(what: str) -> list[Choice]:
    offer = OFFERS[what]
    allowed = {(kind, status) for kind, status, action in TRANSITIONS if action in offer.actions}
    return [
        choice
        for choice in offer.choices()
        if (choice.kind, choice.status) in allowed and offer.fits(choice)
    ]


def _form(what: str, problem: str, earlier: Answer | None) -> type[OrderForm] | None:
    """The form with the orders that this could be done to; None when there are none."""
    choices = _candidates(what)
    lines = [choice.line for choice in choices]
    if not lines:
        return None
    versions = {choice.number: choice.version for choice in choices}
    fields: Fields = {
        "who": who(),
        "order": remembering(pick(OFFERS[what].which, lines), versions=versions),
        **OFFERS[what].fields(),
    }
    fields = keeping(fields, earlier.values if earlier else {})
    return build_form(
        NAME,
        fields,
        f"{warning(problem)}**{what}** · 可选 {len(lines)} 件{_to_call(what, choices)}",
    )


def _to_call(what: str, choices: list[Choice]) -> str:
    """Whom to call about which order: the phones stand only where somebody has to call."""
    if what != CALL_BACK:
        return ""
    lines = (f"{choice.number} {escaped(choice.resident)}" for choice in choices if choice.resident)
    return "\n\n" + "  \n".join(lines)


async def _carry_out(client: PrefectClient, what: str, answer: Answer) -> str:
    """Does it once, shows the order's run what changed; gives the refusal in words."""
    form = f"{this_run_id()}:{answer.key}"
    number = _number_in(answer.text("order"))
    try:
        if not number:
            raise BadInput(field="哪一单", problem="请选择订单。")
        request = OFFERS[what].request(answer)
        if not was_applied(number, form):
            version = answer.shown.get("order", {}).get("versions", {}).get(number)
            act(number, [request], answer.who, version=version, form=form)
    except DiandanError as error:
        return str(error)
    for changed in touched_by(number, request):
        await refresh(client, changed)
    await client.update_flow_run(this_run_id(), name=f"{what} {number}")
    await spread_news(client)
    await forget_forms(client, this_run_id())
    return ""
