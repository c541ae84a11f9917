"""Clocks with their steps and changes, rungs, absences, marks of the sweeps; messages about no single order.

Orders that are there already get their clocks from the first nightly run.

Revision ID: 0003
Revises: 0002
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_RUNNING = "'placed', 'accepted', 'assigned', 'taken', 'claimed', 'funding'"  # towards a deadline
_OPEN = f"{_RUNNING}, 'on_hold', 'in_meeting'"
_DATED = """EXISTS (
    SELECT 1 FROM history
    WHERE history.order_id = orders.id AND history.round = orders.round
    AND (
        history.action IN ('approve_extension', 'open_funding')
        OR (history.action = 'appoint' AND CAST(history.inputs AS TEXT) LIKE '%"date"%')
    )
)"""  # an extension or a meeting's date: it stood in due_at alone


def upgrade() -> None:
    op.add_column("orders", sa.Column("next_due_at", _TIME, nullable=True))
    op.add_column("orders", sa.Column("decided_until", _TIME, nullable=True))
    op.add_column("orders", sa.Column("granted_until", _TIME, nullable=True))
    op.add_column("orders", sa.Column("rung", sa.Integer(), nullable=False, server_default="0"))
    op.drop_index("ix_orders_status_due_at", "orders")
    op.create_index("ix_orders_status_next_due_at", "orders", ["status", "next_due_at"])
    op.create_index("ix_orders_status_done_at", "orders", ["status", "done_at"])
    op.execute(f"UPDATE orders SET next_due_at = due_at WHERE status IN ({_RUNNING})")
    op.execute(f"UPDATE orders SET decided_until = due_at WHERE status IN ({_OPEN}) AND {_DATED}")
    op.create_table(
        "clocks",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("limit", sa.String(12), nullable=True),
        sa.Column("by_wall_clock", sa.Boolean(), nullable=False),
        sa.Column("until", _TIME, nullable=True),
        sa.Column("until_since", _TIME, nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("provisional", sa.Boolean(), nullable=False),
        sa.Column("pauses", sa.JSON(), nullable=False),
        sa.Column("paused_at", _TIME, nullable=True),
        sa.Column("stopped_at", _TIME, nullable=True),
        sa.Column("used", sa.BigInteger(), nullable=True),
        sa.Column("difference", sa.BigInteger(), nullable=True),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("act_at", _TIME, nullable=True),
        sa.UniqueConstraint("order_id", "kind", "version", name="uq_clocks_order_kind_version"),
    )
    has_next = sa.text("act_at IS NOT NULL")
    op.create_index(
        "ix_clocks_act_at",
        "clocks",
        ["act_at", "id"],
        sqlite_where=has_next,
        postgresql_where=has_next,
    )
    op.create_table(
        "clock_changes",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("due_before", _TIME, nullable=True),
        sa.Column("due_at", _TIME, nullable=False),
        sa.Column("why", sa.String(), nullable=False),
    )
    op.create_index("ix_clock_changes_order_id", "clock_changes", ["order_id"])
    op.create_table(
        "marks",
        sa.Column("name", sa.String(), primary_key=True),
        sa.Column("at", _TIME, nullable=False),
        sa.Column("value", sa.String(), nullable=False),
    )
    op.create_table(
        "absences",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("substitute", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", _TIME, nullable=False),
    )
    op.create_index("ix_absences_person", "absences", ["person"])
    op.add_column("residents", sa.Column("anonymised_at", _TIME, nullable=True))
    with op.batch_alter_table("messages") as messages:
        messages.alter_column("order_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM messages WHERE order_id IS NULL")
    with op.batch_alter_table("messages") as messages:
        messages.alter_column("order_id", existing_type=sa.Integer(), nullable=False)
    op.drop_column("residents", "anonymised_at")
    op.drop_table("absences")
    op.drop_table("marks")
    op.drop_table("clock_changes")
    op.drop_table("clocks")
    op.drop_index("ix_orders_status_done_at", "orders")
    op.drop_index("ix_orders_status_next_due_at", "orders")
    op.create_index("ix_orders_status_due_at", "orders", ["status", "due_at"])
    for name in ("rung", "granted_until", "decided_until", "next_due_at"):
        op.drop_column("orders", name)
