"""The week's run: the brief for the weekly meeting, and the text for residents."""

from __future__ import annotations

import asyncio

from prefect import flow
from prefect.logging import get_run_logger

from flows.asking import connect
from flows.news import spread_news
from flows.night_page import show_trial_text, show_week, week_report
from tasks.brief import week_before
from tasks.clock import utc_now
from tasks.night import end_week


@flow(name="weekly", flow_run_name="周报")
async def report_the_week(只看不做: bool = False) -> None:
    """Writes both briefs of the last week, once, and shows them.

    Args:
        只看不做: 打勾：只看周报，不写消息。
    """
    async with connect() as client:
        if 只看不做:
            week = await asyncio.to_thread(week_before, utc_now())
            await show_trial_text(client, week_report(week))
            return
        week = await asyncio.to_thread(end_week)
        await show_week(client, week)
        await spread_news(client)
    get_run_logger().info("周报 %s 至 %s", week.first, week.last)
