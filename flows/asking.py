"""Asking a person through the Prefect UI: a run suspends with a form, and finds the answer when it starts again.

A form is saved before the run suspends, so that no answer can come too early for it. Answers are
read as they were stored, with what the form had preselected, and never through today's pick lists.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun, FlowRunInput, State
from prefect.context import AsyncClientContext
from prefect.exceptions import ObjectNotFound, PrefectHTTPStatusError
from prefect.flow_runs import asuspend_flow_run
from prefect.input.run_input import Keyset, keyset_from_base_key
from prefect.runtime import flow_run as this_run
from prefect.states import Suspended

from flows.failing import scrub_failures
from flows.forms.answers import Answer
from flows.forms.fields import OrderForm

scrub_failures()  # every run asks Prefect something, and so comes by here


def keyset_of(key: str) -> Keyset:
    """Where Prefect keeps a suspended run's form and answer for a key."""
    return keyset_from_base_key(f"suspended-{key}")


def suspended(key: str) -> State[Any]:
    """The state of a run that waits for the answer to the form of a key."""
    state: State[Any] = Suspended(timeout_seconds=None, pause_key=key)
    state.state_details.run_input_keyset = {
        str(part): name for part, name in keyset_of(key).items()
    }
    return state


async def _read(client: PrefectClient, run: UUID, key: str) -> Any | None:
    try:
        content = await client.read_flow_run_input(run, key)
    except (ObjectNotFound, PrefectHTTPStatusError) as error:
        if isinstance(error, PrefectHTTPStatusError) and error.response.status_code != 404:
            raise
        return None
    return json.loads(content)


async def was_asked(client: PrefectClient, run: UUID, key: str) -> bool:
    """Whether the run has asked under this key before."""
    return await _read(client, run, keyset_of(key)["schema"]) is not None


async def attempts(client: PrefectClient, prefix: str) -> int:
    """How often this run has asked under `prefix`-1, `prefix`-2 and so on."""
    count = 0
    while await was_asked(client, this_run_id(), f"{prefix}-{count + 1}"):
        count += 1
    return count


async def last_answer(client: PrefectClient, prefix: str) -> tuple[Answer | None, str]:
    """The answer to the newest of this run's forms `prefix`-1, -2 and so on, and the key of the next."""
    count = await attempts(client, prefix)
    key = f"{prefix}-{count}"
    answer = await stored_answer(client, this_run_id(), key) if count else None
    return answer, f"{prefix}-{count + 1}"


async def stored_answer(client: PrefectClient, run: UUID, key: str) -> Answer | None:
    """The answer to the form of a key, completed with what the form had preselected; None without one."""
    keys = keyset_of(key)
    response = await _read(client, run, keys["response"])
    if response is None:
        return None
    return _completed(key, response, await _read(client, run, keys["schema"]) or {})


def _completed(key: str, response: dict[str, Any], schema: dict[str, Any]) -> Answer:
    preselected = {
        name: field["default"]
        for name, field in schema.get("properties", {}).items()
        if "default" in field
    }
    return Answer(
        form=schema.get("title", ""),
        key=key,
        values={**preselected, **response},
        shown=schema.get("properties", {}),
    )


@dataclass(frozen=True)
class Inputs:
    """All forms and answers that lie with a run, read at once: a request each would be felt."""

    values: dict[str, str]  # as Prefect keeps them

    def answer(self, key: str) -> Answer | None:
        """What `stored_answer` gives."""
        keys = keyset_of(key)
        if keys["response"] not in self.values:
            return None
        response, schema = (self.values.get(keys[part], "{}") for part in ("response", "schema"))
        return _completed(key, json.loads(response), json.loads(schema))

    def was_asked(self, key: str) -> bool:
        """What `was_asked` gives."""
        return keyset_of(key)["schema"] in self.values

    def all_but(self, key: str) -> list[str]:
        """The entries of all other keys."""
        return [name for name in self.values if not key or not name.startswith(f"suspended-{key}-")]

    def answered_keys(self) -> list[str]:
        """The keys of all answers that still lie there, dealt with or not."""
        endings = (key for key in self.values if key.endswith("-response"))
        return [key.removeprefix("suspended-").removesuffix("-response") for key in endings]


async def read_inputs(client: PrefectClient, run: UUID) -> Inputs:
    """What lies with the run now."""
    return Inputs({entry.key: entry.value for entry in await _inputs(client, run)})


async def forget_answer(client: PrefectClient, run: UUID, key: str) -> None:
    """Removes an answer that has been dealt with: what was typed is in our own history now."""
    await forget(client, run, [keyset_of(key)["response"]])


async def _inputs(client: PrefectClient, run: UUID) -> list[FlowRunInput]:
    return await client.filter_flow_run_input(
        run, key_prefix="suspended-", limit=200, exclude_keys=set()
    )


async def forget_forms(client: PrefectClient, run: UUID, but: str = "") -> None:
    """Removes the forms and answers of a run, but for one key: they hold a resident's words, maybe a phone."""
    await forget(client, run, (await read_inputs(client, run)).all_but(but))


async def forget(client: PrefectClient, run: UUID, entries: Iterable[str]) -> None:
    """Removes these entries of a run."""
    for entry in entries:
        try:
            await client.delete_flow_run_input(run, entry)
        except ObjectNotFound:  # somebody else was tidying too
            continue


async def wait_for(form: type[OrderForm], key: str) -> None:
    """Suspends this run with the form. Comes back only if the answer was there already."""
    await save_form(form, key)
    await suspend_with(form, key)


async def save_form(form: type[OrderForm], key: str) -> None:
    """Lets the form lie with this run, before anybody can answer it."""
    await form.asave(keyset_of(key), this_run_id())


async def suspend_with(form: type[OrderForm], key: str) -> None:
    """Suspends this run with a form that has been saved."""
    await asuspend_flow_run(wait_for_input=form, key=key, timeout=None)


async def show_form(client: PrefectClient, run: FlowRun, form: type[OrderForm], key: str) -> None:
    """Makes a run that waits (or has just been made) wait with this form, without starting a process.

    Forced, because Prefect's own rules let only a working run suspend; checked first by the caller.
    """
    await form.asave(keyset_of(key), run.id)
    await client.set_flow_run_state(run.id, suspended(key), force=True)
    await forget_forms(client, run.id, but=key)


def this_run_id() -> UUID:
    """The id of the run that we are in."""
    return UUID(str(this_run.id))


@asynccontextmanager
async def connect() -> AsyncIterator[PrefectClient]:
    """A client of the Prefect API that this process belongs to.

    Within, Prefect's own helpers use the same one: making another costs 19 ms each time.
    """
    async with AsyncClientContext.get_or_create() as context:
        yield context.client
