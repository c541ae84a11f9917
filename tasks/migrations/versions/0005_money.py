"""The books of big wishes with the target that the meeting decided on, and who has which order in hand.

The target of a wish is taken from the history of its decision, a live claim from that of its claiming.

Revision ID: 0005
Revises: 0004
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


_CLAIMED = """
INSERT INTO claims (order_id, member, claimed_at)
SELECT orders.id, orders.member, MAX(history.at)
FROM orders JOIN history ON history.order_id = orders.id AND history.action = 'claim'
WHERE orders.member IS NOT NULL
AND orders.status NOT IN ('closed', 'declined', 'merged', 'withdrawn')
GROUP BY orders.id, orders.member
"""


def upgrade() -> None:
    op.add_column("orders", sa.Column("target", sa.BigInteger(), nullable=True))
    op.create_table(
        "donations",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("donor", sa.String(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.UniqueConstraint("order_id", "number", name="uq_donations_order_number"),
    )
    op.create_table(
        "money",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("entry", sa.String(40), nullable=False),
        sa.Column("fen", sa.BigInteger(), nullable=False),
        sa.Column("pledge", sa.Integer(), nullable=True),
        sa.Column("voucher", sa.String(), nullable=True),
        sa.Column("other", sa.String(), nullable=True),
        sa.UniqueConstraint("order_id", "voucher", name="uq_money_order_voucher"),
        sa.CheckConstraint("fen > 0", name="ck_money_fen"),
    )
    op.create_index("ix_money_order_id", "money", ["order_id"])
    op.create_table(
        "claims",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("order_id", sa.Integer(), sa.ForeignKey("orders.id"), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.String(40), nullable=True),
    )
    is_live = sa.text("ended_at IS NULL")
    op.create_index(
        "uq_claims_live",
        "claims",
        ["order_id"],
        unique=True,
        sqlite_where=is_live,
        postgresql_where=is_live,
    )
    op.create_index("ix_claims_order_id", "claims", ["order_id"])
    op.execute(_CLAIMED)
    _fill_targets()


def _fill_targets() -> None:
    connection = op.get_bind()
    orders = sa.table("orders", sa.column("id"), sa.column("target"))
    history = sa.table(
        "history",
        sa.column("id"),
        sa.column("order_id"),
        sa.column("action"),
        sa.column("inputs", sa.JSON()),
    )
    decided = sa.select(history.c.order_id, history.c.inputs)
    decided = decided.where(history.c.action == "open_funding").order_by(history.c.id)
    for order, inputs in connection.execute(decided).all():
        connection.execute(
            orders.update().where(orders.c.id == order).values(target=inputs["yuan"])
        )


def downgrade() -> None:
    op.drop_table("claims")
    op.drop_table("money")
    op.drop_table("donations")
    op.drop_column("orders", "target")
