"""The engine, and the only place that commits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, extract, func, make_url
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError
from sqlmodel import Session

from tasks.errors import BadDatabase
from tasks.models.tables import Resident
from tasks.scrubbing import hide_name, scrubbed

BUSY_SECONDS = 30  # how long a writer waits for another one
_whole: ContextVar[Session | None] = ContextVar("_whole", default=None)


@event.listens_for(Resident, "load")
def _on_resident(resident: Resident, _context: Any) -> None:
    """Whose name this process has read, it does not log."""
    hide_name(resident.name)


def _prepare_sqlite(engine: Engine) -> None:
    """SQLite as we want it: write-ahead log, every commit on the disk, foreign keys, our own BEGIN.

    A writer takes the lock when it begins (BEGIN IMMEDIATE), so that what it has read still holds
    when it writes; a reader does not.
    """

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
        cursor.execute("PRAGMA journal_mode = WAL")
        cursor.execute("PRAGMA synchronous = FULL")
        cursor.execute("PRAGMA foreign_keys = ON")
        cursor.execute("PRAGMA secure_delete = ON")  # who is forgotten leaves no trace in the file
        cursor.close()

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


@lru_cache(maxsize=8)
def engine_for(url: str) -> Engine:
    """The engine of a database URL, one per process. Raises BadDatabase when the URL is none.

    Its errors never show the values of a statement: they hold residents' names, phones and words.
    """
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() == "sqlite":
            if parsed.database and parsed.database != ":memory:":
                Path(parsed.database).parent.mkdir(0o700, parents=True, exist_ok=True)
            engine = create_engine(parsed, hide_parameters=True)
            _prepare_sqlite(engine)
            return engine
        return create_engine(parsed, pool_pre_ping=True, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, OSError, ValueError) as error:
        raise _bad_database(url, error) from error


def is_there(url: str) -> bool:
    """Whether there may be something to open: looking at a SQLite file that does not exist would make it."""
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError):
        return True  # whoever opens it says what is wrong with it
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database not in (None, ":memory:")
    return not is_file or Path(str(parsed.database)).exists()


def _bad_database(url: str, error: BaseException | None) -> BadDatabase:
    """Where it was looked for and what came of it, without a password, however oddly that was written."""
    try:
        shown = make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        shown = "（不是数据库地址）"
    return BadDatabase(url=scrubbed(shown), problem=scrubbed(str(error)))


@contextmanager
def _connected(url: str, *, writes: bool) -> Iterator[Connection]:
    try:
        connection = engine_for(url).connect()
    except DBAPIError as error:
        raise _bad_database(url, error.orig) from error
    options: dict[str, Any] = {"writes": writes}
    if not writes and connection.dialect.name == "postgresql":
        options["isolation_level"] = "REPEATABLE READ"  # as SQLite does: one view for all questions
    with connection.execution_options(**options):
        yield connection


@contextmanager
def _begun(connection: Connection, url: str) -> Iterator[None]:
    """A transaction, or BadDatabase when another writer keeps the lock for too long."""
    try:
        begun = connection.begin()
    except OperationalError as error:
        raise _bad_database(url, error.orig) from error
    with begun:
        yield


@contextmanager
def transaction(url: str) -> Iterator[Session]:
    """A session that is committed at the end, or rolled back whole when anything is raised.

    Objects can still be read after the commit. Never hold one while talking to the network.
    Within a `whole_transaction` it is a part of that one.
    """
    if (whole := _whole.get()) is not None:
        yield whole
        whole.flush()
        return
    with _connected(url, writes=True) as connection, _begun(connection, url):
        with Session(bind=connection, expire_on_commit=False) as session:
            yield session
            session.flush()


@contextmanager
def whole_transaction(url: str) -> Iterator[Session]:
    """A transaction of which every `transaction` within is a part: all of it is committed, or nothing."""
    with transaction(url) as session:
        token = _whole.set(session)
        try:
            yield session
        finally:
            _whole.reset(token)


@contextmanager
def dry_transaction(url: str) -> Iterator[Session]:
    """The same, but everything is rolled back at the end: to see what would happen."""
    with _connected(url, writes=True) as connection, connection.begin() as trial:
        with Session(bind=connection, expire_on_commit=False) as session:
            yield session
            session.flush()
        trial.rollback()


@contextmanager
def reading(url: str) -> Iterator[Session]:
    """A session to look with: one consistent view, nothing kept. Within a `whole_transaction` it sees
    what that one has done so far."""
    if (whole := _whole.get()) is not None:
        yield whole
        return
    with _connected(url, writes=False) as connection, connection.begin() as view:
        with Session(bind=connection, expire_on_commit=False, autoflush=False) as session:
            yield session
        view.rollback()


def upsert(session: Session, table: Any) -> Any:
    """An INSERT into the table that can say what happens on a conflict, in the database's own words."""
    is_postgres = session.connection().dialect.name == "postgresql"
    return (postgresql.insert if is_postgres else sqlite.insert)(table)


def seconds_between(session: Session, begin: Any, end: Any) -> Any:
    """How many seconds lie between two stored moments, to the millisecond, in the database's own words."""
    if session.connection().dialect.name == "postgresql":
        return extract("epoch", end - begin)
    return func.round((func.julianday(end) - func.julianday(begin)) * 86_400, 3)
