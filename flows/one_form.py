"""Flows of one form: ask, do what was typed once, say it. What could not be done is asked again."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from prefect.client.orchestration import PrefectClient
from prefect.logging import get_run_logger

from flows.asking import connect, forget_forms, last_answer, this_run_id, wait_for
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
        fields = question.fields()
        if not fields:
            get_run_logger().info("%s", question.nothing)
            return None
        shown = keeping(fields, answer.values if answer else {})
        form = build_form(question.name, shown, warning(problem) + question.hint)
        await wait_for(form, next_key)


async def _end(client: PrefectClient, said: str) -> None:
    get_run_logger().info("%s", said)
    await client.update_flow_run(this_run_id(), name=said)
    await forget_forms(client, this_run_id())
