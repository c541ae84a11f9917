"""Where to click, said once when everything has started."""

from __future__ import annotations

import asyncio

from flows.asking import connect
from flows.boards import BY_HAND, MEETING, MESSAGES, NIGHT, TODO, WEEK, find_board
from flows.links import (
    artifact_link,
    artifacts_link,
    deployment_link,
    deployments_link,
    waiting_link,
)
from flows.tags import DESK


def announce() -> None:
    """Prints the links."""
    links = asyncio.run(_links())
    width = max(len(name) for name in links)
    print("\n点单已启动，在浏览器里打开：\n")
    for name, link in links.items():
        print(f"  {name}{'　' * (width - len(name))}　{link}")
    print("\n按 Ctrl-C 停止。", flush=True)


async def _links() -> dict[str, str]:
    async with connect() as client:

        async def start(deployment: str) -> str:
            return deployment_link((await client.read_deployment_by_name(deployment)).id)

        async def read(key: str) -> str:
            board = await find_board(client, key)
            return artifact_link(board.id) if board else artifacts_link(key)

        return {
            "登记新订单": await start("register/登记"),
            "登记一段群聊": await start("register-chat/登记一段群聊"),
            "导入表格": await start("import-file/导入"),
            "待办": await read(TODO),
            "查找": await start("find/查找"),
            "要打的电话": await read(BY_HAND),
            "已告知打勾": await start("told/已告知"),
            "消息": await read(MESSAGES),
            "夜报": await read(NIGHT),
            "周报": await read(WEEK),
            "会议": await read(MEETING),
            "夜间处理": await start("nightly/夜间处理"),
            "写周报": await start("weekly/周报"),
            "所有等待的单": waiting_link(),
            "其他操作": deployments_link(DESK),
        }
