"""The books of big wishes with the target that the meeting decided on, and who has which order in hand.

The target of a wish is taken from the history of its decision, a live claim from that of its claiming.

Revision ID: 0005
Revises: 0004
"""

from typing import Any

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
    _fill_books()


_MONEY = sa.table(
    "money",
    *(sa.column(name) for name in ("order_id", "version", "entry", "fen", "pledge")),
    *(sa.column(name) for name in ("voucher", "other")),
    sa.column("at", sa.DateTime(timezone=True)),
)
_DONATIONS = sa.table(
    "donations",
    *(sa.column(name) for name in ("order_id", "number", "donor", "kind", "actor")),
    sa.column("anonymous", sa.Boolean()),
    sa.column("at", sa.DateTime(timezone=True)),
)
_HISTORY = sa.table(
    "history",
    *(sa.column(name) for name in ("id", "order_id", "version", "action", "actor")),
    sa.column("at", sa.DateTime(timezone=True)),
    sa.column("inputs", sa.JSON()),
)


def _fill_books() -> None:
    """What people had written down of money before there were books."""
    connection = op.get_bind()
    deeds = sa.select(_HISTORY).where(
        _HISTORY.c.action.in_(["pledge", "receive", "spend", "move_money"])
    )
    books = _Books(connection)
    for deed in connection.execute(deeds.order_by(_HISTORY.c.id)).all():
        getattr(books, deed.action)(deed, deed.inputs, int(deed.inputs["yuan"]))


class _Books:
    """A receipt names its pledge by number or donor; one that fits none, or is more than was promised, is
    taken as promised with it. A voucher that was used twice gets a stroke."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        rows = connection.execute(sa.text("SELECT number, id FROM orders")).tuples().all()
        self._ids = dict(rows)
        self._numbers = {id: number for number, id in rows}
        self._to_come: dict[int, list[tuple[str, int]]] = {}  # of a wish: donor, fen
        self._vouchers: set[tuple[int, str]] = set()

    def _add(self, deed: Any, entry: str, fen: int, **more: Any) -> None:
        nothing = dict.fromkeys(("pledge", "voucher", "other"))
        line = {"order_id": deed.order_id, "version": deed.version, "at": deed.at, **nothing}
        line = {**line, "entry": entry, "fen": fen, **more}
        self._connection.execute(_MONEY.insert().values(**line))

    def _promise(self, deed: Any, donor: str, kind: str, anonymous: bool, fen: int) -> int:
        pledges = self._to_come.setdefault(deed.order_id, [])
        pledges.append((donor, fen))
        who = {"number": len(pledges), "donor": donor, "kind": kind, "anonymous": anonymous}
        line = {**who, "order_id": deed.order_id, "actor": deed.actor, "at": deed.at}
        self._connection.execute(_DONATIONS.insert().values(**line))
        self._add(deed, "pledged", fen, pledge=len(pledges))
        return len(pledges)

    def pledge(self, deed: Any, said: dict[str, Any], fen: int) -> None:
        self._promise(deed, said["donor"], said["kind"], said.get("anonymous", False), fen)

    def receive(self, deed: Any, said: dict[str, Any], fen: int) -> None:
        pledges = self._to_come.get(deed.order_id, [])
        named = str(said.get("pledge", len(pledges)))
        fits = [
            number
            for number, (donor, to_come) in enumerate(pledges, start=1)
            if named in (str(number), donor) and to_come >= fen
        ]
        donor = named if not named.isdigit() else "升级前的资助"
        number = fits[0] if fits else self._promise(deed, donor, "money", False, fen)
        donor, to_come = self._to_come[deed.order_id][number - 1]
        self._to_come[deed.order_id][number - 1] = (donor, to_come - fen)
        self._add(deed, "received", fen, pledge=number)

    def spend(self, deed: Any, said: dict[str, Any], fen: int) -> None:
        voucher = said["voucher"]
        while (deed.order_id, voucher) in self._vouchers:
            voucher += "'"
        self._vouchers.add((deed.order_id, voucher))
        self._add(deed, "spent", fen, voucher=voucher)

    def move_money(self, deed: Any, said: dict[str, Any], fen: int) -> None:
        self._add(deed, "moved_out", fen, other=said["to"])
        other = {"order_id": self._ids[said["to"]], "other": self._numbers[deed.order_id]}
        self._add(deed, "moved_in", fen, **other)


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
