"""A sender that is killed at any moment loses no message, and sends none twice where that would be heard."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import random
import signal
import sys
import threading
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import make_url
from sqlmodel import func, select

from tasks import outbox
from tasks.by_hand import count_errands
from tasks.clock import clock_at
from tasks.db import engine_for, reading
from tasks.house import House, house
from tasks.leases import LEASE
from tasks.models.enums import MessageState
from tasks.models.tables import Message
from tasks.outbox import send_waiting
from tasks.queue import anything_due
from tasks.routes import BY_HAND

MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)
# Orders (each is told to its resident and to the desk), and kills.
SIZES = {"sqlite": (1_000, 200), "postgresql": (250, 50)}
LONGEST = 12  # messages of a sender's life
KEYED, PLAIN = "webhook", "wecom-desk"


def send_at(moment: datetime, dies_after: tuple[int, float] | None) -> None:
    """The life of a sender; it may be killed so many seconds after it has begun with its n-th message."""
    begun = itertools.count(1)
    send = outbox._send

    def dying(letter: Any) -> Any:
        if dies_after is not None and next(begun) == dies_after[0]:
            kill = threading.Timer(dies_after[1], os.kill, (os.getpid(), signal.SIGKILL))
            kill.daemon = True
            kill.start()
        return send(letter)

    outbox._send = dying
    with clock_at(moment):
        send_waiting()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot fork a process to kill it")
def test_a_sender_killed_at_random_moments_loses_nothing_and_doubles_nothing_that_is_heard(
    database: House, settle: Callable[..., House], place: Callable[..., str], hook: Any
) -> None:
    settle(
        channels={
            KEYED: f"json://{hook.host}/keyed",
            "wecom_desk": f"wecomrobot://{hook.host}/robot?secure=no",
        }
    )
    orders, most = SIZES[make_url(database.database).get_backend_name()]
    with clock_at(MONDAY):
        for guest in range(orders):
            place(channel=KEYED, address="x", phone=f"139{guest:08}", words=f"第 {guest} 件")
    now, kills, chance = MONDAY, 0, random.Random(20_261_127)
    while due_at(now):
        now += LEASE + timedelta(minutes=1)  # whoever comes next finds what was left lying
        moment = (chance.randint(1, LONGEST), chance.uniform(0, 0.01))
        kills += live(now, moment if kills < most else None)

    posts = Counter(post.headers["X-Idempotency-Key"] for post in hook.received if is_keyed(post))
    texts = Counter(post.json["text"]["content"] for post in hook.received if not is_keyed(post))
    states = in_which_states()
    print(
        f"{database.database.split(':')[0]}: {kills} kills, {sum(posts.values())} posts with a key"
    )
    print(f"of {len(posts)} messages, {len(texts)} told without a key, {states}")
    assert kills == most
    assert len(posts) == states[KEYED, MessageState.ACCEPTED] == orders
    assert max(texts.values()) == 1  # nobody reads anything twice
    unknown = states[PLAIN, MessageState.UNKNOWN]
    assert states[PLAIN, MessageState.ACCEPTED] + unknown == orders
    assert count_errands() == unknown  # and a person is asked about each of those
    assert 0 < unknown <= most


def is_keyed(post: Any) -> bool:
    return bool(post.path == "/keyed")


def due_at(now: datetime) -> bool:
    """Whether something still waits, or lies with a sender that has died."""
    with clock_at(now + timedelta(days=1)), reading(house().database) as session:
        lying = select(Message.id).where(Message.state == MessageState.SENDING).limit(1)
        return anything_due() or session.exec(lying).first() is not None


def live(now: datetime, dies_after: tuple[int, float] | None) -> int:
    """A sender that works until it is killed, or until it is through; gives whether it was killed."""
    engine_for(house().database).dispose()  # a child has no use for its parent's connections
    sender = multiprocessing.get_context("fork").Process(target=send_at, args=(now, dies_after))
    sender.start()
    sender.join()
    return int(sender.exitcode == -signal.SIGKILL)


def in_which_states() -> Counter[tuple[str, MessageState]]:
    """How many messages of each channel stand where."""
    with reading(house().database) as session:
        rows = session.exec(
            select(Message.channel, Message.state, func.count())
            .where(Message.channel != BY_HAND)
            .group_by(Message.channel, Message.state)
        )
        return Counter({(channel, state): count for channel, state, count in rows})
