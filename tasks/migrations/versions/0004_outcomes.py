"""How each round ended, for the three rates; those that have ended are told from ratings and history.

Of a round before an order's last nobody knows any more who did it: its last handler and member stand there.

Revision ID: 0004
Revises: 0003
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_LATE = """EXISTS (
    SELECT 1 FROM clocks
    WHERE clocks.order_id = ended.order_id AND clocks.round = ended.round
    AND clocks.kind = 'contact' AND clocks.difference < 0
)"""
_FILL = """
INSERT INTO outcomes (
    order_id, round, at, grade, solved, contacted_in_time, rung, category, grid, handler, member
)
SELECT
    ended.order_id, ended.round, ended.at, {grade}, {solved}, NOT {late},
    CASE WHEN orders.round = ended.round THEN orders.rung ELSE 0 END,
    orders.category, orders.grid, orders.handler, orders.member
FROM {table} AS ended JOIN orders ON orders.id = ended.order_id
"""


def upgrade() -> None:
    op.create_table(
        "outcomes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("grade", sa.String(40), nullable=True),
        sa.Column("solved", sa.Boolean(), nullable=True),
        sa.Column("contacted_in_time", sa.Boolean(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("category", sa.String(), nullable=True),
        sa.Column("grid", sa.String(), nullable=True),
        sa.Column("handler", sa.String(), nullable=True),
        sa.Column("member", sa.String(), nullable=True),
        sa.UniqueConstraint("order_id", "round", name="uq_outcomes_order_round"),
    )
    op.create_index("ix_outcomes_at", "outcomes", ["at"])
    rated = {"grade": "ended.grade", "solved": "ended.solved", "table": "ratings"}
    expired = {"grade": "NULL", "solved": "CAST(NULL AS BOOLEAN)", "table": "history"}
    op.execute(_FILL.format(late=_LATE, **rated))
    op.execute(_FILL.format(late=_LATE, **expired) + " WHERE ended.action = 'expire'")


def downgrade() -> None:
    op.drop_table("outcomes")
