"""Two wishes from the first word to the last: a small one that is given back once, a big one of five donors."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tasks.agenda import meeting_json
from tasks.clock import clock_at
from tasks.house import House
from tasks.ledger import recompute
from tasks.meetings import decide_matter, newest_meeting, prepare_meeting
from tasks.models.enums import Decision, Status
from tasks.models.tables import Order
from tasks.points import statement
from tasks.views import messages_json
from tasks.wishes import wish_json

Do = Callable[..., None]
Look = Callable[[str], Order]
DAY = timedelta(days=1)
DONORS = [
    ("县医院", "money", "20000", False),
    ("一位老乡", "money", "5000", True),
    ("住房建设所", "goods", "12000", False),
    ("施工队", "labour", "8000", False),
    ("商户们", "money", "5000.50", False),
]


def test_a_small_wish_comes_true_after_it_was_given_back_once(
    database: House, monday: datetime, place: Any, do: Do, look: Look
) -> None:
    number = place(kind="small_wish", category="wishes", words="想要一个书包")
    do(number, "accept")
    do(number, "claim", by="m-241", to="m-241")
    with clock_at(monday + DAY):
        do(number, "release", by="m-241", reason="家里有事")
    asked = [one for one in messages_json() if one["event"] == "wish_open"]
    assert [one["state"] for one in asked] == ["suppressed", "queued"]  # the groups are asked again
    with clock_at(monday + 2 * DAY):
        do(number, "claim", by="m-244", to="m-244")
        do(number, "contact", by="m-244", reason="上门问了颜色")
    with clock_at(monday + 4 * DAY):
        do(number, "finish", by="m-244", reason="书包送到了")
        do(number, "rate", by="resident", grade="satisfied", solved=True)
    assert look(number).status is Status.CLOSED
    claims = wish_json(number)["claims"]
    assert [(one["member"], one["ended_by"]) for one in claims] == [
        ("m-241", "release"),
        ("m-244", "rate"),
    ]
    assert (statement("m-241", 2026)["points"], statement("m-244", 2026)["points"]) == (0, 12)


def test_a_big_wish_goes_from_the_idea_to_its_rating_and_is_opened_again(
    database: House, monday: datetime, place: Any, do: Do, look: Look
) -> None:
    number = place(kind="big_wish", category="wishes", words="想把活动室修好，冬天能坐人")
    do(number, "accept")
    do(number, "refer", reason="要计划、预算和牵头单位")
    with clock_at(monday + 3 * DAY):
        assert prepare_meeting() == newest_meeting()
        (matter,) = meeting_json(newest_meeting() or 0)["matters"]
        plan = {"to": "unit-housing", "date": "2026-12-01", "yuan": "50000", "reason": "换暖气"}
        decide_matter(matter["id"], Decision.OPEN_FUNDING, plan, "staff-1")
    with clock_at(monday + 10 * DAY):
        for donor, kind, yuan, hidden in DONORS:
            do(number, "pledge", donor=donor, kind=kind, yuan=yuan, anonymous=hidden)
        for pledge, (_donor, _kind, yuan, _hidden) in enumerate(DONORS, start=1):
            assert look(number).status is Status.FUNDING
            do(number, "receive", pledge=pledge, yuan=yuan)
        assert (look(number).status, look(number).handler) == (Status.ASSIGNED, "unit-housing")
    with clock_at(monday + 20 * DAY):
        do(number, "take", by="unit-housing")
        do(number, "claim", to="m-270")
        do(number, "spend", by="unit-housing", voucher="收据 1", yuan="30000", reason="暖气片")
        do(number, "spend", by="unit-housing", voucher="收据 2", yuan="20000", reason="安装")
        do(number, "finish", by="m-270", reason="换好了")
        do(number, "rate", by="resident", grade="satisfied", solved=True)
    books = wish_json(number)
    assert (books["received"], books["spent"], books["left"]) == (5_000_050, 5_000_000, 50)
    told = [one for one in messages_json() if one["audience"] == "donor"]
    assert {one["event"] for one in told} == {"wish_funded", "wish_fulfilled"}
    assert len(told) == 2 * len(DONORS)
    assert statement("m-270", 2026)["points"] == 12
    with clock_at(monday + 25 * DAY):
        do(number, "reopen", reason="有一组暖气不热")
        assert (look(number).status, look(number).round) == (Status.TAKEN, 2)
        assert statement("m-270", 2026)["points"] == 0
        assert wish_json(number)["left"] == 50  # the money stays where it is
        do(number, "claim", to="m-270")
        do(number, "spend", by="unit-housing", voucher="收据 3", yuan="0.50", reason="生料带")
        do(number, "finish", by="m-270", reason="放了气，热了")
        do(number, "rate", by="resident", grade="basically", solved=True)
    assert [line["points"] for line in statement("m-270", 2026)["entries"]] == [12, -12, 9]
    assert wish_json(number)["left"] == 0
    again = recompute()
    assert (again.added, again.different, again.unexpected) == ([], [], [])
