"""One run carries one order from placed to closed. It is a function of the database: it looks, asks, applies, looks again."""

from __future__ import annotations

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient

from flows.asking import (
    answered_keys,
    connect,
    forget_answer,
    forget_forms,
    stored_answer,
    this_run_id,
    wait_for,
    was_asked,
)
from flows.forms.answers import Answer
from flows.forms.resolution import wants_reassignment
from flows.forms.steps import Step, next_step, requests_of
from flows.news import spread_news
from tasks.errors import DiandanError
from tasks.orders import act
from tasks.wakes import count_wake, was_applied

TOO_LATE = "刚才的表交得太晚，订单已有变化，那份填写没有生效。请按现在的情况再填。"


@flow(name="order")
async def carry_order(number: str) -> None:
    """Leads the order through every decision until it waits for nothing."""
    async with connect() as client:
        problem, reassign = await forget_late_answers(client, number), False
        refused: Answer | None = None
        while (step := next_step(number, problem, reassign=reassign, refused=refused)).waits:
            answer = await ask(client, step)
            if answer is None:
                continue
            reassign = wants_reassignment(answer)
            problem = "" if reassign else apply_answer(number, step.version, answer)
            refused = answer if problem else None
            if problem or reassign:
                count_wake(number)
            await spread_news(client)
        await show(client, step)
        await forget_forms(client, this_run_id())


async def ask(client: PrefectClient, step: Step) -> Answer | None:
    """The answer to the step's form. Without one the run suspends here, and ends; None asks anew.

    A form that was shown before and has no answer is never taken for answered: the run was woken
    for nothing, and shows a form under a new key.
    """
    run = this_run_id()
    answer = await stored_answer(client, run, step.key)
    if answer is not None:
        return answer
    if await was_asked(client, run, step.key):
        count_wake(step.number)
        return None
    assert step.form is not None
    await show(client, step)
    await forget_forms(client, run, but=step.key)
    await wait_for(step.form, step.key)
    return await stored_answer(client, run, step.key)


@task(name="apply", cache_policy=NO_CACHE)
def apply_answer(number: str, version: int, answer: Answer) -> str:
    """Does what the answer says, once; gives the refusal in words, "" when all went well."""
    try:
        act(number, requests_of(number, answer), answer.who, version=version, form=answer.key)
    except DiandanError as error:
        return str(error)
    return ""


async def forget_late_answers(client: PrefectClient, number: str) -> str:
    """Removes answers to forms that the order has left behind; says so in words when one was never applied."""
    run, problem = this_run_id(), ""
    current = next_step(number).key
    for key in await answered_keys(client, run):
        if key != current:
            if not was_applied(number, key):
                problem = TOO_LATE
            await forget_answer(client, run, key)
    return problem


async def show(client: PrefectClient, step: Step) -> None:
    """Names and tags the run by where the order stands."""
    await client.update_flow_run(this_run_id(), name=step.run_name, tags=list(step.tags))
