"""Orders by age: the oldest of a hundred thousand are found without reading them all.

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_orders_status_placed_at", "orders", ["status", "placed_at"])


def downgrade() -> None:
    op.drop_index("ix_orders_status_placed_at", "orders")
