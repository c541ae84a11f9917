"""Telling a running installation that the command line has changed something. Prefect is only imported when one runs."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

from flows.running import running_api
from tasks.errors import NotRunning
from tasks.models.tally import Tally

T = TypeVar("T")


def after_change(number: str) -> None:
    """Lets the order's run show the right form, best effort: the ten-minute sweep mends what is missed."""
    api = running_api()
    if api is None:
        return
    try:
        _with_client(api, _refresh, number)
    except Exception as error:  # the order itself has changed; a sweep does the rest
        print(f"订单已改好；它的表单十分钟内会跟上（{type(error).__name__}）。", file=sys.stderr)


def runs_for_new_orders(progress: Callable[[str, int, int], None]) -> None:
    """Gives every order without a run its own, best effort: a sweep, or the next start, does the rest."""
    api = running_api()
    if api is None:
        return
    try:
        _with_client(api, _start_missing, progress)
    except Exception as error:  # the orders themselves are in
        print(f"订单已登记；它们的表单十分钟内会跟上（{type(error).__name__}）。", file=sys.stderr)


def spread_now() -> None:
    """Starts the sending and shows the lists as they are where an installation runs, best effort: a sweep
    mends the rest."""
    api = running_api()
    if api is None:
        return
    try:
        _with_client(api, _spread)
    except Exception as error:  # the messages themselves are written
        print(f"已记下；十分钟内会发出去、会更新待办（{type(error).__name__}）。", file=sys.stderr)


async def _spread(client: object) -> None:
    from flows.news import spread_news

    await spread_news(client)  # type: ignore[arg-type]


async def _start_missing(client: object, progress: Callable[[str, int, int], None]) -> None:
    from flows.news import spread_news
    from flows.runs import start_runs
    from tasks.wakes import orders_without_run

    async def tell(done: int, total: int) -> None:
        progress("建立运行", done, total)

    await start_runs(client, orders_without_run(), tell)  # type: ignore[arg-type]
    await spread_news(client)  # type: ignore[arg-type]


async def _refresh(client: object, number: str) -> None:
    from flows.news import spread_news
    from flows.runs import refresh

    await refresh(client, number)  # type: ignore[arg-type]
    await spread_news(client)  # type: ignore[arg-type]


def reconcile_now() -> dict[str, int]:
    """Runs and orders made to agree, now. Raises NotRunning."""
    api = running_api()
    if api is None:
        raise NotRunning
    return _with_client(api, _reconcile)


def mend_running() -> Tally:
    """What a night puts right in Prefect, where an installation runs; nothing where none does."""
    api = running_api()
    if api is None:
        return Tally()
    try:
        return _with_client(api, _mend)
    except Exception as error:  # our own tables are in order; the next sweep does the rest
        print(f"表单运行没有整理成，十分钟内会再试（{type(error).__name__}）。", file=sys.stderr)
        return Tally()


def report_running(tally: Tally) -> None:
    """The night's report under its link, where an installation runs; best effort, it is only a page."""
    api = running_api()
    if api is None:
        return
    try:
        _with_client(api, _report, tally)
    except Exception as error:
        print(f"夜报没有写上（{type(error).__name__}），今夜会再写。", file=sys.stderr)


async def _report(client: object, tally: Tally) -> None:
    from flows.boards import NIGHT, write_board
    from flows.night_page import night_report
    from tasks.brief import standing

    await write_board(client, NIGHT, "夜报", night_report(tally, standing()))  # type: ignore[arg-type]


async def _mend(client: object) -> Tally:
    from flows.news import spread_news
    from flows.nightly import mend_prefect

    tally = await mend_prefect(client)  # type: ignore[arg-type]
    await spread_news(client)  # type: ignore[arg-type]
    return tally


async def _reconcile(client: object) -> dict[str, int]:
    from flows.boards import rewrite_boards
    from flows.runs import reconcile
    from flows.stuck import free_stuck_runs

    await free_stuck_runs(client)  # type: ignore[arg-type]
    counts = await reconcile(client)  # type: ignore[arg-type]
    await rewrite_boards(client)  # type: ignore[arg-type]
    return counts


def _with_client(api: str, work: Callable[..., Awaitable[T]], *arguments: object) -> T:
    """Runs async work with a client of the installation that runs at `api`, or where PREFECT_API_URL says."""
    import asyncio

    from flows.prefect_settings import apply_to_this_process

    os.environ["PREFECT_API_URL"] = os.environ.get("PREFECT_API_URL") or api
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "ERROR")
    apply_to_this_process()
    # standard error is for the user's mistakes, not for what Prefect is still busy with
    logging.getLogger().setLevel(logging.ERROR)
    from flows.asking import connect

    async def run() -> T:
        async with connect() as client:
            return await work(client, *arguments)

    return asyncio.run(run())
