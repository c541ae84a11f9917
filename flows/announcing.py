"""Where to click, said once when everything has started."""

from __future__ import annotations

import asyncio

from flows.asking import connect
from flows.boards import BY_HAND, TODO, find_board
from flows.links import artifact_link, deployment_link, deployments_link, waiting_link
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
        register = await client.read_deployment_by_name("register/登记")
        told = await client.read_deployment_by_name("told/已告知")
        todo, by_hand = await find_board(client, TODO), await find_board(client, BY_HAND)
        return {
            "登记新订单": deployment_link(register.id),
            "待办": artifact_link(todo.id if todo else ""),
            "要打的电话": artifact_link(by_hand.id if by_hand else ""),
            "已告知打勾": deployment_link(told.id),
            "所有等待的单": waiting_link(),
            "其他操作": deployments_link(DESK),
        }
