"""A bare Prefect flow that asks twice: what every form costs before we add anything."""

from __future__ import annotations

from prefect import flow, suspend_flow_run
from prefect.input import RunInput


class Form(RunInput):
    """One field."""

    who: str


@flow(name="bare")
async def two_forms() -> None:
    """Suspends with a form, and after its answer with another."""
    await suspend_flow_run(wait_for_input=Form, key="first", timeout=None)
    await suspend_flow_run(wait_for_input=Form, key="second", timeout=None)
