"""Who registers with the community, and to which units and teams they belong.

Everybody who is known belongs to where they came from.

Revision ID: 0009
Revises: 0008
"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("skills", "grids"):
        op.add_column(
            "members", sa.Column(name, sa.JSON(), nullable=False, server_default=sa.text("'[]'"))
        )
    op.add_column("members", sa.Column("times", sa.String(), nullable=False, server_default=""))
    op.add_column("members", sa.Column("verified_by", sa.String(), nullable=True))
    for name in ("registered_at", "verified_at", "left_at"):
        op.add_column("members", sa.Column(name, sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "memberships",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("member", sa.String(), sa.ForeignKey("members.id"), nullable=False),
        sa.Column("handler", sa.String(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.Column("until", sa.DateTime(timezone=True), nullable=True),
    )
    is_live = sa.text("until IS NULL")
    op.create_index(
        "uq_memberships_live",
        "memberships",
        ["member", "handler"],
        unique=True,
        sqlite_where=is_live,
        postgresql_where=is_live,
    )
    op.create_index("ix_memberships_handler", "memberships", ["handler"])
    op.execute(
        "INSERT INTO memberships (member, handler, since)"
        " SELECT members.id, members.handler, installation.created_at"
        " FROM members CROSS JOIN installation"
    )


def downgrade() -> None:
    op.drop_table("memberships")
    for name in ("left_at", "verified_at", "registered_at", "verified_by", "times"):
        op.drop_column("members", name)
    for name in ("grids", "skills"):
        op.drop_column("members", name)
