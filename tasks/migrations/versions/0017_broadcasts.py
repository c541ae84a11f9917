"""What coordinators say to many at once, and which messages are of it.

Revision ID: 0017
Revises: 0016
"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("form", sa.String(), nullable=True, unique=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("target", sa.String(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("title_en", sa.String(), nullable=False),
        sa.Column("text_en", sa.Text(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("not_before", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("called_off_at", _TIME, nullable=True),
        sa.Column("called_off_by", sa.String(), nullable=True),
    )
    op.add_column("messages", sa.Column("broadcast_id", sa.Integer(), nullable=True))
    op.create_index("ix_messages_broadcast_id", "messages", ["broadcast_id"])


def downgrade() -> None:
    op.execute(
        "DELETE FROM message_steps WHERE message_id IN (SELECT id FROM messages WHERE broadcast_id IS NOT NULL)"
    )
    op.execute("DELETE FROM messages WHERE broadcast_id IS NOT NULL")
    op.drop_index("ix_messages_broadcast_id", "messages")
    op.drop_column("messages", "broadcast_id")
    op.drop_table("broadcasts")
