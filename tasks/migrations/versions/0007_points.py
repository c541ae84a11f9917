"""Points and monthly rankings. The ledger begins empty; `diandan init` and `up` make it from the history.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "points",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("key", sa.String(), nullable=False, unique=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("handler", sa.String(), nullable=True),
        sa.Column("rule", sa.String(40), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=True),
        sa.Column("round", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(), nullable=True),
        sa.Column("second", sa.String(), nullable=True),
    )
    op.create_index("ix_points_member_at", "points", ["member", "at"])
    op.create_index("ix_points_at", "points", ["at"])
    op.create_index("ix_points_order_id", "points", ["order_id"])
    op.create_table(
        "rankings",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("board", sa.String(40), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("month", "board", "subject", name="uq_rankings_month_board_subject"),
    )


def downgrade() -> None:
    op.drop_table("rankings")
    op.drop_table("points")
