"""From an empty or an older database to today's, marked with its purpose, with the community's members."""

from __future__ import annotations

import secrets
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text
from sqlmodel import Session, select

from config.catalog import Catalog
from tasks.clock import utc_now
from tasks.db import reading, transaction
from tasks.errors import NewerDatabase, OlderDatabase, WrongPurpose
from tasks.models.enums import Purpose
from tasks.models.tables import Installation, Member, Membership

MIGRATION_LOCK = 20_240_101  # any number, the same for all: one process migrates, the others wait


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    return config


def revision_of(session: Session) -> str | None:
    """The database's revision, None when it is empty."""
    return MigrationContext.configure(session.connection()).get_current_revision()


def _check_known(found: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(_alembic()).walk_revisions()}
    if found is not None and found not in known:
        raise NewerDatabase(found=found)


def migrate(url: str, catalog: Catalog, purpose: Purpose | None = None) -> Purpose:
    """Brings a database up to date and marks an unmarked one (production unless told); gives its purpose.

    Takes over the catalog's members that it does not have yet. Doing it again changes nothing.
    Raises NewerDatabase, WrongPurpose when it is marked for something else.
    """
    with transaction(url) as session:
        if (
            session.connection().dialect.name == "postgresql"
        ):  # SQLite's transaction is a lock itself
            session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": MIGRATION_LOCK})
        _check_known(revision_of(session))
        config = _alembic()
        config.attributes["connection"] = session.connection()
        command.upgrade(config, "head")
        marked = session.get(Installation, 1)
        if marked is None:
            marked = Installation(
                purpose=purpose or Purpose.PRODUCTION,
                key=secrets.token_hex(8),
                created_at=utc_now(),
            )
            session.add(marked)
        elif purpose is not None and marked.purpose is not purpose:
            raise WrongPurpose(
                purpose=marked.purpose.label, why=f"不能改成“{purpose.label}”；请另用一个数据库。"
            )
        _take_over_members(session, catalog)
        return marked.purpose


def open_database(url: str, catalog: Catalog) -> Purpose:
    """What every command does first: migrates an empty database as production, refuses an older or newer one.

    Gives the purpose. New members of the configuration are taken over.
    """
    head = ScriptDirectory.from_config(_alembic()).get_current_head()
    with reading(url) as session:
        found = revision_of(session)
        if found == head:
            marked = session.get(Installation, 1)
            known = set(session.exec(select(Member.id)))
            if marked is not None and known >= set(catalog.members):
                return marked.purpose
    _check_known(found)
    if found is not None and found != head:
        raise OlderDatabase(found=found)
    return migrate(url, catalog)


def _take_over_members(session: Session, catalog: Catalog) -> None:
    """The configuration's members count as verified. Who is registered already is left as they are."""
    known = set(session.exec(select(Member.id)))
    fresh = [member for member in catalog.members.values() if member.id not in known]
    for member in fresh:
        session.add(
            Member(
                id=member.id,
                name=member.name,
                handler=member.handler,
                phone=member.phone,
                verified=True,
            )
        )
    session.flush()
    for member in fresh:
        session.add(Membership(member=member.id, handler=member.handler, since=utc_now()))
