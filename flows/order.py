"""One run carries one order from placed to closed. It is a function of the database: it looks, asks, applies, looks again."""

from __future__ import annotations

import asyncio

from prefect import flow, task
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient
from prefect.exceptions import Pause

from flows.asking import (
    Inputs,
    connect,
    forget,
    forget_answer,
    forget_forms,
    read_inputs,
    save_form,
    stored_answer,
    suspend_with,
    this_run_id,
)
from flows.forms.answers import Answer
from flows.forms.assignment import is_reassignment, stays
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
        inputs = await read_inputs(client, this_run_id())
        problem, reassign = await forget_late_answers(client, number, inputs), False
        refused: Answer | None = None
        has_news = False
        while (step := next_step(number, problem, reassign=reassign, refused=refused)).waits:
            answer = inputs.answer(step.key) or await ask(client, step, has_news=has_news)
            if answer is None:
                continue
            opens = wants_reassignment(answer)
            decides = not (opens or stays(answer))
            problem = apply_answer(number, step.version, answer) if decides else ""
            reassign = opens or (bool(problem) and is_reassignment(answer))
            refused = answer if problem or opens else None
            has_news = True
            if problem or not decides:
                count_wake(number)
        await show(client, step)
        await forget_forms(client, this_run_id())
        if has_news:
            await spread_news(client)


async def ask(client: PrefectClient, step: Step, *, has_news: bool) -> Answer | None:
    """The answer to the step's form. Without one the run suspends here, and ends; None asks anew.

    A form that was shown before and has no answer is never taken for answered: the run was woken
    for nothing, and shows a form under a new key. What else there is to do (`has_news` of what was
    done before) comes once the form is there: a person waits for the form.
    """
    run = this_run_id()
    inputs = await read_inputs(client, run)
    if (answer := inputs.answer(step.key)) is not None:
        return answer
    if inputs.was_asked(step.key):
        count_wake(step.number)
        return None
    assert step.form is not None
    await asyncio.gather(show(client, step), save_form(step.form, step.key))
    try:
        await suspend_with(step.form, step.key)
    except Pause:
        await forget(client, run, inputs.all_but(step.key))  # no later form of somebody else's
        if has_news:
            await spread_news(client)
        raise
    return await stored_answer(client, run, step.key)


@task(name="apply", cache_policy=NO_CACHE)
def apply_answer(number: str, version: int, answer: Answer) -> str:
    """Does what the answer says, once; gives the refusal in words, "" when all went well."""
    try:
        act(number, requests_of(number, answer), answer.who, version=version, form=answer.key)
    except DiandanError as error:
        return str(error)
    return ""


async def forget_late_answers(client: PrefectClient, number: str, inputs: Inputs) -> str:
    """Removes answers to forms that the order has left behind; says so in words when one was never applied."""
    run, problem = this_run_id(), ""
    current = next_step(number).key
    for key in inputs.answered_keys():
        if key != current:
            if not was_applied(number, key):
                problem = TOO_LATE
            await forget_answer(client, run, key)
    return problem


async def show(client: PrefectClient, step: Step) -> None:
    """Names and tags the run by where the order stands."""
    await client.update_flow_run(this_run_id(), name=step.run_name, tags=list(step.tags))
