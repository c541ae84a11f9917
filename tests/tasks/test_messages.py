"""Who hears what, once, in their language, on a way that works; and who hears nothing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tasks.by_hand import errands, mark_told
from tasks.errors import BadInput, BadTemplate
from tasks.house import House
from tasks.models.tables import History, Message
from tasks.routes import check_contacts

Do = Callable[..., None]
PlaceAt = Callable[..., str]
Rows = Callable[..., list[Any]]
Heard = set[tuple[str, str, str]]
RESIDENT = ("resident", "1")
WAYS: dict[str, Any] = {"webhook": "json://127.0.0.1:9/hook", "mail": "mailto://127.0.0.1:9"}

pytestmark = pytest.mark.usefixtures("monday")


class Ears:
    """What was written since one listened last: (event, audience, recipient) of each message."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known = 0

    def skip(self) -> None:
        self._known = len(self._rows(Message))

    def __call__(self) -> Heard:
        new = self._rows(Message)[self._known :]
        self.skip()
        told = [(m.event.value, m.audience.value, m.recipient) for m in new]
        people = [(audience, recipient) for _event, audience, recipient in told]
        assert len(people) == len(set(people)), f"somebody is told twice: {told}"
        return set(told)


@pytest.fixture
def heard(rows: Rows) -> Ears:
    return Ears(rows)


def calls(number: str) -> list[tuple[str, str]]:
    """The calls to make about an order: whom, and the subject."""
    return [(one.name, one.text.subject) for one in errands() if one.number == number]


# --- who hears what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "action", "by", "typed", "expected"),
    [
        ("placed", "accept", "staff-1", {}, {("order_accepted", *RESIDENT)}),
        (
            "placed",
            "decline",
            "staff-1",
            {"reason": "不归社区", "instead": "找县供电公司"},
            {("order_declined", *RESIDENT)},
        ),
        (
            "accepted",
            "assign",
            "staff-1",
            {"to": "unit-power"},
            {("order_assigned", *RESIDENT), ("order_assigned", "handler", "unit-power")},
        ),
        ("assigned", "take", "unit-power", {}, set()),
        (
            "assigned",
            "return",
            "unit-power",
            {"reason": "没有人手"},
            {("order_returned", "coordinators", "coordinators")},
        ),
        (
            "taken",
            "claim",
            "unit-power",
            {"to": "m-241"},
            {("order_claimed", "member", "m-241")},
        ),
        (
            "claimed",
            "reassign",
            "staff-1",
            {"to": "officers-grid-3", "reason": "先看现场"},
            {
                ("order_assigned", *RESIDENT),
                ("order_assigned", "handler", "officers-grid-3"),
                ("order_taken_away", "handler", "unit-power"),
                ("order_taken_away", "member", "m-241"),
            },
        ),
        (
            "claimed",
            "release",
            "m-241",
            {"reason": "出差"},
            {("order_released", "handler", "unit-power")},
        ),
        ("claimed", "contact", "m-241", {"reason": "打了电话"}, set()),
        ("claimed", "report", "m-241", {"reason": "材料已到"}, set()),
        (
            "claimed",
            "report",
            "m-241",
            {"reason": "材料已到", "tell_resident": True},
            {("order_progress", *RESIDENT)},
        ),
        (
            "claimed",
            "hold",
            "staff-1",
            {"reason": "等天暖", "date": "2026-10-09"},
            {("order_held", *RESIDENT)},
        ),
        ("claimed", "refer", "staff-1", {"reason": "要协调"}, set()),
        ("claimed", "ask_extension", "m-241", {"reason": "等材料", "date": "2026-10-09"}, set()),
        ("claimed", "finish", "m-241", {"reason": "换了灯泡"}, {("order_done", *RESIDENT)}),
        (
            "claimed",
            "withdraw",
            "staff-1",
            {"reason": "居民不要了"},
            {
                ("order_withdrawn", *RESIDENT),
                ("order_withdrawn", "handler", "unit-power"),
                ("order_withdrawn", "member", "m-241"),
            },
        ),
        (
            "claimed",
            "withdraw",
            "resident",  # who withdraws knows it
            {},
            {
                ("order_withdrawn", "handler", "unit-power"),
                ("order_withdrawn", "member", "m-241"),
            },
        ),
        (
            "done",
            "rate",
            "staff-2",
            {"grade": "satisfied", "solved": True},
            {("order_rated", "member", "m-241")},
        ),
        (
            "done",
            "rate",
            "resident",
            {"grade": "unsatisfied", "solved": False, "reason": "不亮"},
            {
                ("order_rated", "member", "m-241"),
                ("order_reopened", *RESIDENT),
                ("order_reopened", "handler", "unit-power"),
            },
        ),
    ],
)
def test_each_action_is_heard_by_those_whom_it_concerns(
    sqlite_house: House,
    place_at: PlaceAt,
    do: Do,
    heard: Ears,
    status: str,
    action: str,
    by: str,
    typed: dict[str, Any],
    expected: Heard,
) -> None:
    number = place_at(status)
    heard.skip()
    do(number, action, by=by, **typed)
    assert heard() == expected


def test_a_placed_order_is_heard_by_the_resident_and_by_the_desk_unless_the_desk_wrote_it(
    sqlite_house: House, place_at: PlaceAt, heard: Ears
) -> None:
    place_at("placed")
    assert heard() == {
        ("order_placed", *RESIDENT),
        ("order_placed", "coordinators", "coordinators"),
    }
    place_at("placed", by="staff-1")
    assert heard() == {("order_placed", *RESIDENT)}


def test_an_approved_extension_is_heard_by_the_resident_and_a_refused_one_by_nobody(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Ears
) -> None:
    number = place_at("claimed")
    heard.skip()
    do(number, "ask_extension", by="m-241", reason="等材料", date="2026-10-09")
    do(number, "refuse_extension", by="staff-1")
    assert heard() == set()
    do(number, "ask_extension", by="m-241", reason="等材料", date="2026-10-09")
    do(number, "approve_extension", by="staff-1")
    assert heard() == {("order_extended", *RESIDENT)}
    assert "计划最晚10月9日办好" in errands()[-1].text.body


def test_a_small_wish_is_offered_to_the_groups_of_its_grid(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Ears
) -> None:
    number = place_at("placed", kind="small_wish", words="想要一个书包", category="wishes")
    heard.skip()
    do(number, "accept")
    assert heard() == {("order_accepted", *RESIDENT), ("wish_open", "groups", "groups")}
    (offer,) = [one for one in errands() if one.name == "各群"]
    assert "想要一个书包" in offer.text.body
    assert offer.text.subject == (
        "微心愿等您认领（S-2026-0001），请转发到：第三网格商户群、第三网格房东群、第三网格居民群"
    )
    do(number, "claim", by="m-244", to="m-244")
    assert "各群" not in [one.name for one in errands()]  # nobody forwards what has been claimed
    heard.skip()
    do(number, "release", by="m-244", reason="出差")  # nobody handles it: the desk looks again
    assert heard() == {
        ("order_released", "coordinators", "coordinators"),
        ("wish_open", "groups", "groups"),
    }


def test_a_meeting_that_appoints_tells_the_resident_the_new_handler_and_the_old_one(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Ears
) -> None:
    number = place_at("claimed")
    do(number, "refer", reason="要协调")
    heard.skip()
    do(number, "appoint", to="unit-housing")
    assert heard() == {
        ("order_assigned", *RESIDENT),
        ("order_assigned", "handler", "unit-housing"),
        ("order_taken_away", "handler", "unit-power"),
        ("order_taken_away", "member", "m-241"),
    }


def test_a_handler_that_the_meeting_appoints_again_hears_only_that_it_has_the_order(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Ears
) -> None:
    number = place_at("taken")
    do(number, "refer", reason="要协调")
    heard.skip()
    do(number, "appoint", to="unit-power")
    assert heard() == {
        ("order_assigned", *RESIDENT),
        ("order_assigned", "handler", "unit-power"),
    }


def test_after_three_bad_rounds_the_desk_and_the_grid_s_branch_hear(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Ears
) -> None:
    number = place_at("done")
    bad = {"grade": "unsatisfied", "solved": False, "reason": "还是不亮"}
    for _ in range(2):
        do(number, "rate", by="resident", **bad)
        do(number, "claim", to="m-241")
        do(number, "finish", by="m-241", reason="又修了")
    heard.skip()
    do(number, "rate", by="resident", **bad)
    assert heard() == {
        ("order_rated", "member", "m-241"),
        ("order_unsatisfied", "coordinators", "coordinators"),
        ("order_unsatisfied", "ladder", "m-019"),
    }
    (branch,) = [one for one in errands() if one.audience == "ladder"]
    assert (branch.name, branch.phone) == ("赵春生", "0893-0000013")
    assert "由供电所办了 3 轮，居民评价：不满意，问题还没解决" in branch.text.body


def test_an_order_without_a_grid_goes_to_the_community_committee_but_not_to_who_just_heard_it(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    """staff-1 and m-004 hold that rung; staff-1 is the one who called back."""
    number = place_at("done", grid=None)
    do(number, "rate", by="resident", grade="unsatisfied", solved=False, reason="不亮")
    for _ in range(2):
        do(number, "claim", by="unit-power", to="m-241")
        do(number, "finish", by="m-241", reason="又修了")
        do(number, "rate", by="staff-1", grade="unsatisfied", solved=False, reason="不亮")
    ladder = [
        (message.event, message.recipient)
        for message in rows(Message)
        if message.audience == "ladder"
    ]
    assert ladder == [("order_escalated", "m-004"), ("order_unsatisfied", "m-004")]


# --- once -----------------------------------------------------------------------------------------


def test_one_submit_is_one_message_to_each_person(
    sqlite_house: House, place_at: PlaceAt, submit: Callable[..., None], heard: Ears
) -> None:
    number = place_at("placed")
    heard.skip()
    submit(number, ("accept", {}), ("assign", {"to": "unit-power"}))
    assert heard() == {
        ("order_assigned", *RESIDENT),
        ("order_assigned", "handler", "unit-power"),
    }


def test_what_the_desk_solves_on_the_spot_is_one_message_to_the_resident(
    sqlite_house: House, place_at: PlaceAt, submit: Callable[..., None], heard: Ears
) -> None:
    number = place_at("placed", by="staff-1")
    heard.skip()
    submit(
        number,
        ("accept", {}),
        ("assign", {"to": "desk"}),
        ("take", {}),
        ("claim", {"to": "m-001"}),
        ("finish", {"reason": "当场换了灯泡"}),
    )
    assert heard() == {("order_done", *RESIDENT)}
    assert calls(number) == [("居民甲", f"您的诉求办好了，请您评价（{number}）")]


def test_a_resident_whom_nobody_has_called_yet_hears_the_newest_alone(
    database: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("placed")
    do(number, "accept")
    assert calls(number) == [("居民甲", f"您的诉求已受理（{number}）")]
    do(number, "assign", to="unit-power")
    assert [subject for name, subject in calls(number) if name == "居民甲"] == [
        f"您的诉求已安排办理（{number}）"
    ]
    superseded = [m.event.value for m in rows(Message) if m.code == "superseded"]
    assert superseded == ["order_placed", "order_accepted"]


def test_a_resident_who_was_called_hears_the_next_thing_too(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("placed")
    assert mark_told([errands()[0].id], "staff-2") == 1
    do(number, "accept")
    first, _desk, second = rows(Message)
    assert (first.state, first.code) == ("delivered", "told_by:staff-2")
    assert second.state == "queued"


def test_nobody_asks_for_a_rating_that_was_given(
    database: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("done")
    assert "居民甲" in [name for name, _subject in calls(number)]
    do(number, "rate", by="staff-2", grade="satisfied", solved=True)
    assert "居民甲" not in [name for name, _subject in calls(number)]
    assert [m.event.value for m in rows(Message) if m.code == "answered"] == ["order_done"]


def test_the_resident_of_a_merged_order_still_hears_that_it_is_done(
    database: House, place_at: PlaceAt, do: Do
) -> None:
    number = place_at("claimed")
    other = place_at("placed", resident="居民乙", phone="13900000002")
    do(other, "merge", to=number)
    do(number, "finish", by="m-241", reason="换了灯泡")
    do(number, "rate", by="resident", grade="satisfied", solved=True)
    told = [name for name, subject in calls(number) if "办好了" in subject]
    assert told == ["居民乙"]


def test_ticking_twice_counts_once_and_names_the_first_who_told(
    database: House, place_at: PlaceAt, rows: Rows
) -> None:
    place_at("placed")
    ids = [one.id for one in errands()]
    assert mark_told(ids, "staff-1") == 1
    assert mark_told([*ids, 999], "staff-2") == 0
    assert rows(Message)[0].code == "told_by:staff-1"
    assert errands() == []


def test_another_order_s_call_is_not_superseded(
    sqlite_house: House, place_at: PlaceAt, do: Do
) -> None:
    first, second = place_at("placed"), place_at("placed")
    do(second, "accept")
    assert calls(first) == [("居民甲", f"已收到您的诉求（{first}）")]


def test_a_handler_whom_the_desk_has_on_the_phone_is_not_called_again(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("accepted")
    do(number, "assign", to="unit-power")
    do(number, "take", by="staff-1")
    (assigned,) = [message for message in rows(Message) if message.audience == "handler"]
    assert (assigned.state, assigned.code) == ("delivered", "told_on_phone")
    assert [name for name, _subject in calls(number)] == ["居民甲"]


def test_a_handler_that_takes_it_itself_has_read_nothing_yet(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("assigned")
    do(number, "take", by="unit-power")
    (assigned,) = [message for message in rows(Message) if message.audience == "handler"]
    assert assigned.state == "queued"


def test_a_handler_that_has_the_order_again_is_not_told_that_it_lost_it(
    sqlite_house: House, place_at: PlaceAt, do: Do
) -> None:
    number = place_at("assigned")
    do(number, "reassign", to="officers-grid-3", reason="先看现场")
    do(number, "reassign", to="unit-power", reason="还是灯的事")
    do(number, "take", by="staff-1")  # on the phone with unit-power
    assert "供电所" not in [name for name, _subject in calls(number)]


def test_the_phone_call_about_taking_does_not_tick_off_what_was_taken_from_the_other(
    sqlite_house: House, place_at: PlaceAt, submit: Callable[..., None]
) -> None:
    number = place_at("taken")
    submit(number, ("reassign", {"to": "officers-grid-3", "reason": "先看现场"}), ("take", {}))
    assert ("供电所", f"诉求 {number} 已另行安排") in calls(number)
    assert "第三网格队伍" not in [name for name, _subject in calls(number)]


# --- nobody hears of their own deed -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "by", "action", "typed"),
    [
        ("taken", "m-241", "claim", {"to": "m-241"}),  # knows that they claimed
        ("accepted", "staff-1", "assign", {"to": "desk"}),  # the desk is the staff
    ],
)
def test_nobody_hears_of_what_they_did_themselves(
    sqlite_house: House,
    place_at: PlaceAt,
    do: Do,
    heard: Ears,
    status: str,
    by: str,
    action: str,
    typed: dict[str, Any],
) -> None:
    number = place_at(status)
    heard.skip()
    do(number, action, by=by, **typed)
    assert heard() <= {("order_assigned", *RESIDENT)}


def test_a_staff_person_who_is_the_member_hears_nothing_of_their_own_claim(
    sqlite_house: House, place_at: PlaceAt, submit: Callable[..., None], heard: Ears
) -> None:
    number = place_at("accepted")
    submit(number, ("assign", {"to": "desk"}), ("take", {}))
    heard.skip()
    submit(number, ("claim", {"to": "m-001"}), by="staff-1")
    assert heard() == set()


# --- merged orders ----------------------------------------------------------------------------------


def test_the_residents_of_merged_orders_hear_of_what_comes_and_one_of_them_rates(
    database: House, place_at: PlaceAt, do: Do
) -> None:
    ours = place_at("placed", resident="居民甲", phone="13900000001")
    theirs = place_at("placed", resident="居民乙", phone="13900000002")
    third = place_at("placed", resident="居民丙", phone="13900000003")
    do(third, "merge", to=theirs)
    do(theirs, "merge", to=ours)
    assert f"已合并到编号 {ours} 一起办理" in errands()[-1].text.body
    for action, typed in (
        ("accept", {}),
        ("assign", {"to": "unit-power"}),
        ("take", {}),
        ("claim", {"to": "m-241"}),
        ("finish", {"reason": "换了灯泡"}),
    ):
        do(ours, action, **typed)
    done = {
        one.name: one.text
        for one in errands()
        if one.number == ours and "办好了" in one.text.subject
    }
    assert set(done) == {"居民甲", "居民乙", "居民丙"}
    assert [name for name, text in done.items() if "/r/" in text.body] == ["居民甲"]


def test_a_number_typed_in_small_letters_merges_just_as_well(
    sqlite_house: House, place_at: PlaceAt, do: Do, look: Callable[..., Any], rows: Rows
) -> None:
    ours = place_at("placed", resident="居民甲", phone="13900000001")
    theirs = place_at("placed", resident="居民乙", phone="13900000002")
    do(theirs, "merge", to=f" {ours.lower()} ")
    assert look(theirs).merged_into == ours
    assert rows(History)[-1].inputs == {"to": ours}
    do(ours, "accept")
    assert {one.name for one in errands() if one.number == ours} == {"居民甲", "居民乙"}


def test_who_placed_the_same_twice_hears_once(
    sqlite_house: House, place_at: PlaceAt, do: Do, heard: Ears
) -> None:
    first, second = place_at("placed"), place_at("placed")
    do(second, "merge", to=first)
    heard.skip()
    do(first, "accept")
    assert heard() == {("order_accepted", *RESIDENT)}


# --- ways -------------------------------------------------------------------------------------------


def ways(rows: Rows, audience: str) -> list[tuple[str, str, str]]:
    return [
        (message.channel, message.state.value, message.code)
        for message in rows(Message)
        if message.audience == audience
    ]


@pytest.mark.parametrize(
    ("resident", "set_up", "expected"),
    [
        ({"channel": "mail", "address": "a@example.org"}, WAYS, ("mail", "queued", "")),
        ({"channel": "mail", "address": "a@example.org"}, {}, ("by-hand", "queued", "")),
        ({}, WAYS, ("by-hand", "queued", "")),
        ({"channel": "by-hand"}, WAYS, ("by-hand", "queued", "")),
        ({"phone": ""}, {}, ("by-hand", "queued", "")),  # a neighbour known by name
        ({"resident": ""}, {}, ("by-hand", "queued", "")),  # a phone without a name
        (
            {"resident": "", "phone": "", "address": "3号院"},  # an address of no channel
            WAYS,
            ("by-hand", "suppressed", "no_contact"),
        ),
    ],
)
def test_a_resident_is_reached_on_the_way_that_works_here(
    sqlite_house: House,
    settle: Callable[..., House],
    place_at: PlaceAt,
    rows: Rows,
    resident: dict[str, Any],
    set_up: dict[str, Any],
    expected: tuple[str, str, str],
) -> None:
    settle(channels=set_up)
    place_at("placed", **resident)
    assert ways(rows, "resident") == [expected]


def test_a_nameless_order_is_told_to_nobody(
    sqlite_house: House, place_at: PlaceAt, do: Do, rows: Rows
) -> None:
    number = place_at("placed", resident="", phone="", by="staff-1")
    do(number, "accept")
    assert rows(Message) == []


@pytest.fixture
def reachable(
    sqlite_house: House, settle: Callable[..., House], community: Callable[..., Path]
) -> House:
    """unit-power has a webhook and hands; its member m-242 has a mail address of their own."""
    webhook = {"channel": "webhook", "address": "power"}
    folder = community(
        {
            "handlers.yaml": {
                "units": {"unit-power": {"contacts": [webhook, {"channel": "by-hand"}]}}
            },
            "people.yaml": {
                "members": {
                    "m-242": {"contacts": [{"channel": "mail", "address": "li@example.org"}]}
                }
            },
        }
    )
    return settle(config=folder)


@pytest.mark.parametrize(
    ("set_up", "handler", "m_241", "m_242"),
    [
        (WAYS, "webhook", "webhook", "mail"),  # m-241 has only the unit
        ({}, "by-hand", "by-hand", "by-hand"),
        ({"mail": WAYS["mail"]}, "by-hand", "by-hand", "mail"),
    ],
)
def test_a_handler_and_its_members_are_reached_on_the_first_way_that_works(
    reachable: House,
    settle: Callable[..., House],
    place_at: PlaceAt,
    do: Do,
    rows: Rows,
    set_up: dict[str, Any],
    handler: str,
    m_241: str,
    m_242: str,
) -> None:
    settle(channels=set_up)
    number = place_at("assigned")
    do(number, "take", by="unit-power")
    do(number, "claim", by="unit-power", to="m-241")
    do(number, "release", by="m-241", reason="出差")
    do(number, "claim", by="unit-power", to="m-242")
    assert [channel for channel, *_ in ways(rows, "handler")] == [handler, handler]
    assert [channel for channel, *_ in ways(rows, "member")] == [m_241, m_242]


def test_a_unit_that_wants_one_event_on_its_robot_hears_the_others_by_phone(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    place_at: PlaceAt,
    do: Do,
    rows: Rows,
) -> None:
    robot = {"channel": "webhook", "address": "power", "events": ["order_assigned"]}
    by_hand = {"channel": "by-hand"}
    folder = community({"handlers.yaml": {"units": {"unit-power": {"contacts": [robot, by_hand]}}}})
    settle(config=folder, channels=WAYS)
    number = place_at("assigned")
    do(number, "withdraw", by="resident")
    assert [channel for channel, *_ in ways(rows, "handler")] == ["webhook", "by-hand"]


def test_a_contact_for_an_event_that_there_is_none_of_is_named(
    settle: Callable[..., House], community: Callable[..., Path]
) -> None:
    typo = {"channel": "by-hand", "events": ["order_asigned"]}
    folder = community({"handlers.yaml": {"units": {"unit-power": {"contacts": [typo]}}}})
    with pytest.raises(BadInput, match="unit-power.*order_asigned.*order_assigned"):
        check_contacts(settle(config=folder).catalog)


def test_the_desk_without_a_robot_reads_its_list_and_with_one_the_robot(
    sqlite_house: House, settle: Callable[..., House], place_at: PlaceAt, rows: Rows
) -> None:
    place_at("placed")
    assert ways(rows, "coordinators") == [("by-hand", "suppressed", "on_todo_list")]
    settle(channels={"wecom_desk": "wecomrobot://127.0.0.1:9/key?secure=no"})
    place_at("placed")
    assert ways(rows, "coordinators")[1:] == [("wecom-desk", "queued", "")]


def test_two_residents_who_left_only_an_address_are_two_people(
    sqlite_house: House, settle: Callable[..., House], place_at: PlaceAt, rows: Rows
) -> None:
    """Or the second one's address would get what is written to the first."""
    settle(channels=WAYS)
    nobody = {"resident": "", "phone": "", "channel": "mail"}
    place_at("placed", **nobody, address="first@example.org")
    place_at("placed", **nobody, address="second@example.org")
    place_at("placed", **nobody, address="first@example.org")
    recipients = [m.recipient for m in rows(Message) if m.audience == "resident"]
    assert recipients == ["1", "2", "1"]


def test_two_neighbours_of_one_name_without_a_phone_are_two_people(
    sqlite_house: House, place_at: PlaceAt, rows: Rows
) -> None:
    for _ in range(2):
        place_at("placed", resident="扎西", phone="")
    assert [m.recipient for m in rows(Message) if m.audience == "resident"] == ["1", "2"]


# --- languages and words ------------------------------------------------------------------------------


def test_an_english_resident_hears_in_english_and_the_handler_in_chinese(
    sqlite_house: House, place_at: PlaceAt
) -> None:
    number = place_at("assigned", language="en")
    subjects = [subject for _name, subject in calls(number)]
    assert subjects == [
        f"Your request is being looked after ({number})",
        f"请接单：诉求 {number}",
    ]


def test_a_language_that_nobody_has_written_speaks_chinese(
    sqlite_house: House, place_at: PlaceAt
) -> None:
    for language in ("bo-CN", "../../etc", "{{ 7*7 }}"):
        number = place_at("placed", language=language)
        assert calls(number) == [("居民甲", f"已收到您的诉求（{number}）")]


def test_only_the_member_who_has_the_order_now_reads_whom_to_call(
    sqlite_house: House, place_at: PlaceAt, do: Do
) -> None:
    number = place_at("taken")

    def phone_in(name: str) -> list[bool]:
        texts = [
            one.text.body for one in errands() if one.name == name and "谢谢您认领" in one.text.body
        ]
        return ["13900000001" in body for body in texts]

    do(number, "claim", by="unit-power", to="m-241")
    assert phone_in("边巴德吉") == [True]
    do(number, "release", by="m-241", reason="出差")
    assert phone_in("边巴德吉") == [False]  # masked again
    do(number, "claim", by="unit-power", to="m-242")
    assert phone_in("边巴德吉") == [False]
    assert phone_in("李建平") == [True]


@pytest.mark.parametrize("ended", ["withdraw", "finish"])
def test_the_phone_is_masked_again_when_the_work_has_ended(
    sqlite_house: House, place_at: PlaceAt, do: Do, ended: str
) -> None:
    number = place_at("claimed")
    do(number, ended, reason="好了")
    (claim,) = [one for one in errands() if "谢谢您认领" in one.text.body]
    assert "13900000001" not in claim.text.body


def test_a_resident_who_does_not_agree_is_named_to_no_member(
    sqlite_house: House, place_at: PlaceAt
) -> None:
    place_at("claimed", consent=False)
    (claim,) = [one for one in errands() if one.audience == "member"]
    assert "居民甲" not in claim.text.body
    assert "13900000001" not in claim.text.body
    assert "怎样联系居民，请问社区服务台" in claim.text.body


def test_a_broken_template_stops_the_action_and_nothing_is_kept(
    sqlite_house: House,
    place_at: PlaceAt,
    do: Do,
    rows: Rows,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    number = place_at("placed")
    before = (rows(History), rows(Message))
    monkeypatch.setattr("tasks.rendering.TEMPLATES", tmp_path / "no templates")
    with pytest.raises(BadTemplate, match="order_accepted/resident"):
        do(number, "accept")
    assert (rows(History), rows(Message)) == before
