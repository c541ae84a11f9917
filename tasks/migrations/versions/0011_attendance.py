"""Who came to a meeting, who led it, and who wrote its minutes.

Revision ID: 0011
Revises: 0010
"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("chair", "minutes_by"):
        op.add_column("meetings", sa.Column(name, sa.String(), nullable=True))
    op.create_table(
        "attendees",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("meeting_id", sa.Integer(), sa.ForeignKey("meetings.id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
    )
    op.create_index("ix_attendees_meeting_id", "attendees", ["meeting_id"])


def downgrade() -> None:
    op.drop_table("attendees")
    for name in ("minutes_by", "chair"):
        op.drop_column("meetings", name)
