"""Flows of one form: ask, do what was typed once, say it. What could not be done is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger

from flows.asking import (
    attempts,
    connect,
    forget_forms,
    last_answer,
    stored_answer,
    this_run_id,
    wait_for,
)
from flows.forms.answers import Answer
from flows.forms.description import warning
from flows.forms.fields import Fields, build_form, keeping
from flows.links import artifact_link
from flows.pages import put_on_run
from flows.runs import refresh
from tasks.done import Done, do_once, what_was_done
from tasks.errors import DiandanError
from tasks.markup import escaped

T = TypeVar("T")


@dataclass(frozen=True)
class Question:
    """A form to be: its ASCII name, what stands above it, and its fields.

    Where there is nothing to choose from, `fields` gives none, and `nothing` is said instead.
    """

    name: str
    hint: str
    fields: Callable[[], Fields]
    nothing: str = ""


@dataclass(frozen=True)
class Page:
    """What was looked up: the body is Markdown, the title plain words."""

    title: str
    body: str


async def ask_and_do(question: Question, deed: Callable[[Answer], Done]) -> None:
    """Asks until what was typed could be done, does it once, and shows it where orders were changed.

    A process that died after the deed is taken up by another one, which only says what was done.
    """
    async with connect() as client:
        if not await _was_done(client):
            await _do(client, question, deed)


async def ask_twice(
    which: Question,
    chosen: Callable[[Answer], str],
    about: Callable[[str], Question],
    deed: Callable[[str, Answer], Done],
) -> None:
    """The same with a form before it that asks what the second one is about."""
    async with connect() as client:
        if not await _was_done(client) and (what := await _ask(client, which, chosen)):
            await _do(client, about(what), lambda answer: deed(what, answer))


async def ask_until_sure(
    draft: Question,
    about: Callable[[Answer], Question],
    goes_back: Callable[[Answer], bool],
    deed: Callable[[Answer, Answer], Done],
) -> None:
    """Asks for a draft, then shows what would come of it: whoever goes back there changes what they typed,
    any other answer ends in the deed, once. What is refused is said above the form that it is about."""
    async with connect() as client:
        while not await _was_done(client):
            typed, last, key = await _so_far(client, draft)
            question, problem = draft, ""
            try:
                if typed is None or last is None or goes_back(last):
                    pass
                elif last is typed:
                    question = about(typed)
                else:
                    run, both = str(this_run_id()), (typed, last)
                    do_once(run, lambda both=both: deed(*both))  # type: ignore[misc]
                    continue
            except DiandanError as error:
                problem = str(error)
                question = _still(draft, about, typed, last)
            await _pose(question, problem, typed if question is draft else None, key)


def _still(
    draft: Question, about: Callable[[Answer], Question], typed: Answer | None, last: Answer | None
) -> Question:
    """The form that a refusal is shown above: the draft's own once nothing can come of it."""
    if typed is None or last is typed:
        return draft
    try:
        return about(typed)
    except DiandanError:
        return draft


async def _so_far(
    client: PrefectClient, draft: Question
) -> tuple[Answer | None, Answer | None, str]:
    """The newest draft, the newest answer of all, and the key of the next form."""
    prefix = draft.name.lower()
    count, last = await attempts(client, prefix), None
    for number in range(count, 0, -1):
        answer = await stored_answer(client, this_run_id(), f"{prefix}-{number}")
        last = last or answer
        if answer is not None and answer.form == draft.name:
            return answer, last, f"{prefix}-{count + 1}"
    return None, last, f"{prefix}-{count + 1}"


async def _was_done(client: PrefectClient) -> bool:
    done = what_was_done(str(this_run_id()))
    if done is not None:
        await _show(client, done)
    return done is not None


async def _do(client: PrefectClient, question: Question, deed: Callable[[Answer], Done]) -> None:
    run = str(this_run_id())
    done = await _ask(client, question, lambda answer: do_once(run, lambda: deed(answer)))
    if done is not None:
        await _show(client, done)


async def _show(client: PrefectClient, done: Done) -> None:
    for number in done.numbers:
        await refresh(client, number)
    await _end(client, done.said)


async def ask_and_show(question: Question, look_up: Callable[[Answer], Page]) -> None:
    """Asks what is to be looked up, and writes it on the run's own page. Nothing is stored."""
    async with connect() as client:
        page = await _ask(client, question, look_up)
        if page is not None:
            shown = await put_on_run(client, page.title, f"# {escaped(page.title)}\n\n{page.body}")
            get_run_logger().info("%s", artifact_link(shown.id))
            await _end(client, page.title)


async def _ask(client: PrefectClient, question: Question, use: Callable[[Answer], T]) -> T | None:
    """What the answer came to; None where there is nothing to ask. A refusal is shown above the same form."""
    problem = ""
    while True:
        answer, next_key = await last_answer(client, question.name.lower())
        if answer is not None:
            try:
                return use(answer)
            except DiandanError as error:
                problem = str(error)
        if not await _pose(question, problem, answer, next_key):
            return None


async def _pose(question: Question, problem: str, earlier: Answer | None, key: str) -> bool:
    """Waits with the form, and with what an earlier answer held; False where there is nothing to ask."""
    fields = question.fields()
    if not fields:
        get_run_logger().info("%s", question.nothing)
        return False
    shown = keeping(fields, earlier.values if earlier else {})
    await wait_for(build_form(question.name, shown, warning(problem) + question.hint), key)
    return True


async def _end(client: PrefectClient, said: str) -> None:
    get_run_logger().info("%s", said)
    await client.update_flow_run(this_run_id(), name=said)
    await forget_forms(client, this_run_id())
