"""Sending through the outbox, beside a bare loop over Apprise on the same endpoint; alone, by four, beside a hung one."""

from __future__ import annotations

import multiprocessing
import resource
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import sqlalchemy as sql
from apprise import Apprise, AppriseAsset
from measure import Figure

from config.settings import Settings
from tasks.clock import utc_now
from tasks.db import engine_for, transaction
from tasks.house import house, move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action, Audience, Event, MessageState, Purpose
from tasks.models.tables import Message
from tasks.outbox import send_waiting
from tasks.requests import request_for

ONE, SLOW, MANY, SENDERS = 1_000, 200, 10_000, 4
SLOWNESS = 0.05  # seconds that the slow endpoint takes
HUNG = 20.0  # seconds; longer than anybody waits for it
PLAIN = "plain Apprise notify to the same server, one after the other"
POSTGRES = "postgresql://postgres@127.0.0.1:5432"
LAMP = {
    "kind": "appeal",
    "words": "三号巷口的路灯坏了",
    "resident": "王阿姨",
    "phone": "0893-0000101",
    "channel": "webhook",
    "address": "desk",
}


class Endpoint:
    """Takes whatever is sent, in its time, and counts how often each key came."""

    def __init__(self, seconds: float = 0) -> None:
        self.keys: Counter[str] = Counter()
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                time.sleep(seconds)
                endpoint.keys[self.headers.get("X-Idempotency-Key") or ""] += 1
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_given: object) -> None:
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"json://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """No more."""
        self._server.shutdown()


def figures(folder: Path) -> Iterator[Figure]:
    """One sender, four senders, ten thousand messages, and a provider that hangs."""
    quick = Endpoint()
    ours = _each(folder / "one", quick, ONE, 1)
    yield Figure("a message by webhook", "ms", ours, _bare(quick, ONE), PLAIN, 1.33)
    slow = Endpoint(SLOWNESS)
    ours = _each(folder / "slow", slow, SLOW, SENDERS)
    floor = _bare(slow, SLOW // 4)
    yield Figure("a message to a slow endpoint by 4 senders", "ms", ours, floor, PLAIN, 0.33)
    many = Endpoint()
    ours = _each(folder / "many", many, MANY, SENDERS)
    _check_once(many)
    yield Figure("one of 10,000 by 4 senders, SQLite", "ms", ours, _bare(many, ONE), PLAIN)
    yield from _on_postgres(folder)
    yield Figure(
        "memory growth of a sender of 10,000", "MB", _growth(folder / "alone", many), None, "none"
    )
    waited = _beside_a_hung_one(folder / "hung")
    yield Figure("waiting beside a provider that hangs", "s", waited, 2.0, "what we allow", 1)


def _each(folder: Path, endpoint: Endpoint, messages: int, senders: int, url: str = "") -> float:
    """Milliseconds a message, of so many that wait, sent by so many processes."""
    _fill(folder, endpoint.url, messages, url)
    began = time.perf_counter()
    if senders == 1:
        send_waiting(messages)
    else:
        engine_for(house().database).dispose()  # a child has no use for its parent's connections
        fork = multiprocessing.get_context("fork")
        people = [fork.Process(target=send_waiting, args=(messages,)) for _ in range(senders)]
        for person in people:
            person.start()
        for person in people:
            person.join()
            assert person.exitcode == 0
    return (time.perf_counter() - began) / messages * 1000


def _fill(folder: Path, webhook: str, messages: int, url: str = "", robot: str = "") -> None:
    """A database with so many messages that wait."""
    folder.mkdir()
    database = url or f"sqlite:///{folder / 'outbox.db'}"
    channels = {"webhook": webhook, **({"wecom_desk": robot} if robot else {})}
    move_in(Settings(home=folder, database=database, channels=channels))
    migrate(house().database, house().catalog, Purpose.TEST)
    place_order(request_for(Action.PLACE, LAMP), "staff-1")  # type: ignore[arg-type]
    with transaction(house().database) as session:
        session.execute(sql.delete(Message))
        row = {
            "order_id": 1,
            "event": Event.ORDER_PLACED,
            "audience": Audience.RESIDENT,
            "recipient": "1",
            "channel": "webhook",
            "locale": "zh-CN",
            "variables": {"version": 1, "round": 1},
            "state": MessageState.QUEUED,
            "reason": "",
            "created_at": utc_now(),
            "next_attempt_at": utc_now(),
        }
        rows = [{**row, "key": f"message {turn}"} for turn in range(messages)]
        session.execute(sql.insert(Message), rows)


def _bare(endpoint: Endpoint, messages: int) -> float:
    plain = Apprise(asset=AppriseAsset(async_mode=False))
    plain.add(endpoint.url)
    for plugin in plain:
        plugin.request_rate_per_sec = 0
    began = time.perf_counter()
    for _ in range(messages):
        plain.notify(title="t", body="b")
    return (time.perf_counter() - began) / messages * 1000


def _check_once(endpoint: Endpoint) -> None:
    assert len(endpoint.keys) == MANY and set(endpoint.keys.values()) == {1}


def _on_postgres(folder: Path) -> Iterator[Figure]:
    """The same where there is a PostgreSQL; nothing where there is none."""
    with _new_database() as url:
        if url:
            many = Endpoint()
            ours = _each(folder / "postgresql", many, MANY, SENDERS, url)
            _check_once(many)
            floor = _bare(many, ONE)
            yield Figure("one of 10,000 by 4 senders, PostgreSQL", "ms", ours, floor, PLAIN)
            engine_for(house().database).dispose()


@contextmanager
def _new_database() -> Iterator[str]:
    server = sql.create_engine(
        POSTGRES.replace("postgresql:", "postgresql+psycopg:") + "/postgres",
        isolation_level="AUTOCOMMIT",
        connect_args={"connect_timeout": 3},
    )
    try:
        with server.connect() as connection:
            connection.execute(sql.text("DROP DATABASE IF EXISTS diandan_bench WITH (FORCE)"))
            connection.execute(sql.text("CREATE DATABASE diandan_bench"))
    except sql.exc.OperationalError:
        yield ""
        return
    yield f"{POSTGRES}/diandan_bench"
    with server.connect() as connection:
        connection.execute(sql.text("DROP DATABASE diandan_bench WITH (FORCE)"))


def _growth(folder: Path, endpoint: Endpoint) -> float:
    """Megabytes that a sender grows by while it sends all of them, after its first hundred."""
    _fill(folder, endpoint.url, MANY)
    send_waiting(100)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    send_waiting(MANY)
    return (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024


def _beside_a_hung_one(folder: Path) -> float:
    """Seconds until a message has gone whose neighbour's provider never answers."""
    quick = Endpoint()
    robot = quick.url.replace("json:", "wecomrobot:") + "key?secure=no"
    _fill(folder, f"{Endpoint(HUNG).url}?rto=5", 1, robot=robot)
    place_order(request_for(Action.PLACE, LAMP), "resident")  # type: ignore[arg-type]
    began = time.perf_counter()
    threading.Thread(target=send_waiting, daemon=True).start()
    while not quick.keys:
        time.sleep(0.01)
    return time.perf_counter() - began
