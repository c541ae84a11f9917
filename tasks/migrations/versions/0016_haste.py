"""Which messages go first, how long they are worth saying, and an index that finds those that wait.

Revision ID: 0016
Revises: 0015
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

WAITING = sa.text("state IN ('failed', 'queued', 'sending')")


def upgrade() -> None:
    op.add_column(
        "messages", sa.Column("priority", sa.Integer(), nullable=False, server_default="1")
    )
    op.add_column("messages", sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True))
    op.drop_index("ix_messages_waiting", "messages")
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["channel", "priority", "next_attempt_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )


def downgrade() -> None:
    op.drop_index("ix_messages_waiting", "messages")
    op.create_index(
        "ix_messages_waiting",
        "messages",
        ["next_attempt_at"],
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    )
    for table in ("messages", "message_steps"):
        op.execute(f"UPDATE {table} SET state = 'suppressed' WHERE state IN ('expired', 'dead')")
    op.drop_column("messages", "expires_at")  # no batch: it would drop what message_steps refers to
    op.drop_column("messages", "priority")
