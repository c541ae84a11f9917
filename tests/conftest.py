"""A house of its own for every test: a fresh database, the example community, and short words to act there."""

from __future__ import annotations

import asyncio
import itertools
import json
import logging
import os
import shutil
import socket
import struct
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from ruamel.yaml import YAML
from sqlalchemy import Engine, create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlmodel import SQLModel, select

import tasks.house
import tasks.texts
from config.catalog import Catalog, load_catalog
from config.settings import ROOT, Settings
from tasks.clock import clock_at
from tasks.db import engine_for, reading
from tasks.house import House, house, move_in
from tasks.intake import place_order
from tasks.migrate import migrate
from tasks.models.enums import Action, Audience, Event, Purpose
from tasks.models.tables import Order
from tasks.orders import act
from tasks.requests import request_for
from tasks.rules.wording import VARIABLES, only_given

EXAMPLE = ROOT / "config" / "example"
POSTGRES = os.environ.get(
    "DIANDAN_TEST_POSTGRES", "postgresql+psycopg://postgres@127.0.0.1:5432/postgres"
)
MONDAY = datetime(2026, 9, 14, 2, 0, tzinfo=UTC)  # 10:00 in Shanghai, in a week without holidays
SECRET = "the secret of the tests"

_numbers = itertools.count(1)


def _dispose(url: str) -> None:
    engine_for(url).dispose()
    engine_for.cache_clear()


# --- in which order ---------------------------------------------------------------------------


# What needs a server takes longest, so it comes first; the browser's driver keeps an event loop to
# the end, so nothing may follow it.
ORDER = ("server", "", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Puts the tests into the order in which two processes end at about the same time."""
    items.sort(
        key=lambda item: ORDER.index(
            next((mark for mark in ORDER if mark and item.get_closest_marker(mark)), "")
        )
    )


# --- databases ------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def example_catalog() -> Catalog:
    """The example community, read once."""
    return load_catalog(EXAMPLE)


@pytest.fixture(scope="session")
def _sqlite_template(tmp_path_factory: pytest.TempPathFactory, example_catalog: Catalog) -> Path:
    path = tmp_path_factory.mktemp("template") / "diandan.db"
    migrate(f"sqlite:///{path}", example_catalog, Purpose.TEST)
    _dispose(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Engine]:
    """The server that DIANDAN_TEST_POSTGRES names; without one the tests that need it are skipped."""
    engine = create_engine(
        POSTGRES, isolation_level="AUTOCOMMIT", connect_args={"connect_timeout": 5}
    )
    try:
        engine.connect().close()
    except OperationalError:
        pytest.skip("no PostgreSQL: start one on 127.0.0.1:5432, or name it: DIANDAN_TEST_POSTGRES")
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def empty_postgres(postgres_server: Engine) -> Callable[..., Any]:
    """Makes an empty database (or a copy of `template`) and gives its URL; use it as a `with`."""

    @contextmanager
    def make(template: str = "template0") -> Iterator[str]:
        name = f"diandan_test_{os.getpid()}_{next(_numbers)}"
        with postgres_server.connect() as server:
            server.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
        url = make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
        try:
            yield url
        finally:
            _dispose(url)
            with postgres_server.connect() as server:
                server.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))

    return make


@pytest.fixture(scope="session")
def _postgres_template(
    empty_postgres: Callable[..., Any], example_catalog: Catalog
) -> Iterator[str]:
    with empty_postgres() as url:
        migrate(url, example_catalog, Purpose.TEST)
        _dispose(url)
        yield str(make_url(url).database)


@pytest.fixture
def empty_sqlite(tmp_path: Path) -> Iterator[str]:
    """The URL of a SQLite database that does not exist yet."""
    url = f"sqlite:///{tmp_path / 'empty.db'}"
    yield url
    _dispose(url)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """The URL of a database without any table, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("empty_sqlite")
    else:
        with request.getfixturevalue("empty_postgres")() as url:
            yield url


# --- houses ---------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def catalogs(example_catalog: Catalog) -> dict[Path, Catalog]:
    """Every community that was read, by its folder: reading takes longer than most tests."""
    return {EXAMPLE: example_catalog}


@pytest.fixture
def settle(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, catalogs: dict[Path, Catalog]
) -> Iterator[Callable[..., House]]:
    """Moves into a house of these settings; nothing comes from this machine's environment.

    Settled a second time, it keeps the database and what else is not named anew.
    """
    for name in [name for name in os.environ if name.startswith("DIANDAN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setattr(tasks.house, "_house", None)  # and back to it afterwards
    given: dict[str, Any] = {"home": tmp_path, "secret": SECRET}

    def settle_down(**settings: Any) -> House:
        if "database" in given and "database" in settings:
            _dispose(given["database"])
        given.update(settings)
        chosen = move_in(Settings(_env_file=None, **given))  # type: ignore[call-arg]
        vars(chosen)["description"] = catalogs.get(chosen.settings.config) or chosen.description
        catalogs[chosen.settings.config] = vars(chosen)["catalog"] = chosen.description
        return chosen

    yield settle_down
    if "database" in given:
        _dispose(given["database"])


@pytest.fixture
def new_house(
    settle: Callable[..., House], _sqlite_template: Path, tmp_path: Path
) -> Callable[[], House]:
    """Moves into a house with a fresh SQLite database, as often as it is called."""

    def move() -> House:
        path = shutil.copy(_sqlite_template, tmp_path / f"diandan-{next(_numbers)}.db")
        return settle(database=f"sqlite:///{path}")

    return move


@pytest.fixture
def sqlite_house(new_house: Callable[[], House]) -> House:
    """A house with a fresh SQLite database: for everything that is the same on both databases."""
    return new_house()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest) -> Iterator[House]:
    """A house with a fresh database, on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        yield request.getfixturevalue("sqlite_house")
        return
    template = request.getfixturevalue("_postgres_template")
    with request.getfixturevalue("empty_postgres")(template) as url:
        yield request.getfixturevalue("settle")(database=url)


@pytest.fixture(scope="session")
def community(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Writes a copy of the example community and gives its folder, the same for the same changes.

    `changes` is file → section → id → the fields to set; a section "" is the file itself.
    """
    written: dict[str, Path] = {}

    def write(changes: Mapping[str, Mapping[str, Any]]) -> Path:
        key = json.dumps(changes)
        if key not in written:
            written[key] = tmp_path_factory.mktemp("community") / "config"
            shutil.copytree(EXAMPLE, written[key])
            for file, sections in changes.items():
                _rewrite(written[key] / file, sections)
        return written[key]

    return write


def _rewrite(path: Path, sections: Mapping[str, Any]) -> None:
    yaml = YAML()
    content = yaml.load(path)
    for section, entries in sections.items():
        if not section:
            content.update(entries)
            continue
        by_id = {entry["id"]: entry for entry in content[section]}
        for id, fields in entries.items():
            by_id[id].update(fields)
    yaml.dump(content, path)


# --- who is written to ------------------------------------------------------------------------


@dataclass
class Post:
    """What a web server was sent."""

    path: str
    headers: Mapping[str, str]
    json: Any
    content: bytes = b""


class Hook:
    """A real web server on loopback: `received` remembers, `answers` come first, then "fine"."""

    def __init__(self) -> None:
        self.received: list[Post] = []
        self.answers: list[
            Any
        ] = []  # (status, body[, headers]), "hang", "drip", "reset" or "garbage"
        self.fine: tuple[int, str] = (200, '{"errcode": 0}')
        self.is_over = threading.Event()
        hook = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                content = self.rfile.read(length)
                if len(content) < length:  # its sender has died
                    return
                hook.received.append(
                    Post(self.path, dict(self.headers), json.loads(content), content)
                )
                answer = hook.answers.pop(0) if hook.answers else hook.fine
                if isinstance(answer, str):
                    self.misbehave(answer)
                    return
                self.send_response(answer[0])
                for name, value in (answer[2] if len(answer) > 2 else {}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer[1].encode())

            def misbehave(self, how: str) -> None:
                if how == "hang":
                    hook.is_over.wait(30)
                elif how == "garbage":
                    self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
                elif how == "reset":  # closing without lingering sends an RST
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.connection.close()
                elif how == "drip":
                    self.send_response(200)
                    self.end_headers()
                    with suppress(OSError):
                        while not hook.is_over.wait(0.05):
                            self.wfile.write(b" ")

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.host = f"127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self.is_over.set()
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def hook() -> Iterator[Hook]:
    """A web server for webhooks and group robots."""
    server = Hook()
    yield server
    server.close()


@dataclass
class Letter:
    """What a mail server was handed."""

    to: list[str]
    subject: str
    body: str
    headers: Mapping[str, str]


class Mailbox:
    """A real mail server on loopback that keeps what it is handed, unless `replies` says otherwise."""

    def __init__(self) -> None:
        self.letters: list[Letter] = []
        self.replies: dict[str, str] = {}  # "MAIL", "RCPT", "DATA" → the reply, "hang" or "drop"
        self.breaks: dict[str, str] = {}  # address → "kept" or "lost": once, before it has replied
        self.came = threading.Event()  # a letter
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.url = (
            f"mailto://desk.example.org:{port}?smtp=127.0.0.1&mode=insecure&from=desk@example.org"
        )
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)  # it would log every letter
        self._server = Controller(self, hostname="127.0.0.1", port=port)
        self._server.start()

    async def handle_MAIL(
        self, server: Any, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        envelope.mail_from = address
        return await self._reply("MAIL", server)

    async def handle_RCPT(
        self, server: Any, _session: object, envelope: Any, address: str, _options: object
    ) -> str:
        envelope.rcpt_tos.append(address)
        return await self._reply("RCPT", server)

    async def handle_DATA(self, server: Any, _session: object, envelope: Any) -> str:
        message = message_from_bytes(envelope.content, policy=default)
        body = message.get_content().replace("\r\n", "\n").strip()
        headers = {name: str(value) for name, value in message.items()}
        broken = self.breaks.pop(envelope.rcpt_tos[0], "")
        if broken:
            server.transport.abort()
        reply = await self._reply("DATA", server)
        if reply.startswith("250") and broken != "lost":
            self.letters.append(Letter(envelope.rcpt_tos, message["Subject"], body, headers))
            self.came.set()
        return reply

    async def _reply(self, stage: str, server: Any) -> str:
        reply = self.replies.get(stage, "250 OK")
        if reply == "hang":
            await asyncio.sleep(30)  # or until the test ends
        if reply == "drop":
            server.transport.abort()
        return reply

    def close(self) -> None:
        self._server.stop()


@pytest.fixture(scope="session")
def open_mailbox() -> Callable[[], Mailbox]:
    """Opens a mail server; whoever does closes it."""
    return Mailbox


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    """A mail server."""
    server = Mailbox()
    yield server
    server.close()


# --- the clock, and words to act with ---------------------------------------------------------


@pytest.fixture
def monday() -> Iterator[datetime]:
    """It is 10:00 on a Monday in September 2026, and stays so."""
    with clock_at(MONDAY):
        yield MONDAY


@pytest.fixture
def place() -> Callable[..., str]:
    """Places an order and gives its number: a dark street lamp, unless the test says otherwise."""

    def place_one(*, by: str = "resident", **values: Any) -> str:
        typed = {
            "kind": "appeal",
            "words": "三号院门口的路灯不亮",
            "grid": "grid-3",
            "resident": "居民甲",
            "phone": "13900000001",
            **values,
        }
        return place_order(request_for(Action.PLACE, typed), by)  # type: ignore[arg-type]

    return place_one


@pytest.fixture
def do() -> Callable[..., None]:
    """Does one action: do(number, "assign", to="unit-power")."""

    def do_one(number: str, action: str, *, by: str = "staff-1", **values: Any) -> None:
        act(number, [request_for(Action(action), values)], by)

    return do_one


@pytest.fixture
def submit() -> Callable[..., None]:
    """Does several actions in one submit: submit(number, ("accept", {}), ("assign", {"to": …}))."""

    def submit_all(
        number: str, *actions: tuple[str, Mapping[str, Any]], by: str = "staff-1", **given: Any
    ) -> None:
        requests = [request_for(Action(action), values) for action, values in actions]
        act(number, requests, by, **given)

    return submit_all


STEPS: dict[str, tuple[tuple[str, dict[str, Any]], ...]] = {
    "placed": (),
    "accepted": (("accept", {}),),
    "assigned": (("accept", {}), ("assign", {"to": "unit-power"})),
    "taken": (("accept", {}), ("assign", {"to": "unit-power"}), ("take", {})),
}
STEPS["claimed"] = (*STEPS["taken"], ("claim", {"to": "m-241"}))
STEPS["done"] = (*STEPS["claimed"], ("finish", {"reason": "换了灯泡"}))


@pytest.fixture(autouse=True)
def typed_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever message any test writes, its template is given values of the types that it is told."""

    def checked(event: Event, audience: Audience, known: Mapping[str, Any]) -> dict[str, Any]:
        given = only_given(event, audience, known)
        for name, value in given.items():
            assert isinstance(value, VARIABLES[name].type), (event, audience, name, value)
        return given

    monkeypatch.setattr(tasks.texts, "only_given", checked)


@pytest.fixture
def place_at(place: Callable[..., str], submit: Callable[..., None]) -> Callable[..., str]:
    """Places an appeal and carries it to a status: unit-power takes it, its member m-241 claims it."""

    def carry(status: str, **values: Any) -> str:
        number = place(**values)
        for step in STEPS[status]:
            submit(number, step)
        return number

    return carry


@pytest.fixture
def look() -> Callable[[str], Order]:
    """The order's row as it is now."""

    def find(number: str) -> Order:
        with reading(house().database) as session:
            return session.exec(select(Order).where(Order.number == number)).one()

    return find


@pytest.fixture
def rows() -> Callable[..., list[Any]]:
    """All rows of a table, the oldest first."""

    def read(table: type[SQLModel]) -> list[Any]:
        with reading(house().database) as session:
            return list(session.exec(select(table).order_by(table.id)))  # type: ignore[attr-defined]

    return read
