"""A chat as it is copied out of WeChat: who said what and when, in every way it is written; what of it is a draft."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from tasks.chats import Pasted, drafts_of
from tasks.house import House
from tasks.models.enums import Kind
from tasks.rules.chat import Said, read_chat

NOW = datetime(2026, 9, 16, 10, 0)  # noqa: DTZ001 — the local time of people here; a Wednesday
LAMP, RUBBISH = "三号院的路灯不亮", "楼下垃圾没人收"


def said(text: str) -> list[Said]:
    return read_chat(text, NOW).said


def at(month: int, day: int, hour: int, minute: int, second: int = 0) -> datetime:
    return datetime(2026, month, day, hour, minute, second)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("text", "moments"),
    [
        pytest.param(
            f"卓玛 2026/9/15 2:51 PM\n{LAMP}\n\n达瓦 2026/9/15 3:05 PM\n{RUBBISH}\n",
            [at(9, 15, 14, 51), at(9, 15, 15, 5)],
            id="name, date and time",
        ),
        pytest.param(
            f"卓玛 2026-09-15 14:51:07\r\n{LAMP}\r\n\r\n达瓦 2026-09-15 15:05:00\r\n{RUBBISH}",
            [at(9, 15, 14, 51, 7), at(9, 15, 15, 5)],
            id="with seconds and Windows line ends",
        ),
        pytest.param(
            f"卓玛 2026年9月15日 下午2:51\n{LAMP}\n达瓦 2026年9月15日 15:05\n{RUBBISH}",
            [at(9, 15, 14, 51), at(9, 15, 15, 5)],
            id="a Chinese date",
        ),
        pytest.param(
            f"卓玛 9月15日 14:51\n{LAMP}\n达瓦 昨天 15:05\n{RUBBISH}",
            [at(9, 15, 14, 51), at(9, 15, 15, 5)],
            id="no year; yesterday",
        ),
        pytest.param(
            f"卓玛 星期一 14:51\n{LAMP}\n达瓦 08:05\n{RUBBISH}",
            [at(9, 14, 14, 51), at(9, 16, 8, 5)],
            id="a weekday; today",
        ),
        pytest.param(
            f"—————  2026-09-14  —————\n\n卓玛  14:51\n\n{LAMP}\n\n"
            f"—————  2026-09-15  —————\n\n达瓦  08:05\n\n{RUBBISH}\n",
            [at(9, 14, 14, 51), at(9, 15, 8, 5)],
            id="days on lines of their own",
        ),
        pytest.param(
            f"2026-09-15 14:51:07 卓玛\n{LAMP}\n2026-09-15 15:05:00 达瓦\n{RUBBISH}",
            [at(9, 15, 14, 51, 7), at(9, 15, 15, 5)],
            id="time, then name",
        ),
        pytest.param(
            f"[2026-09-15 14:51:07] 卓玛: {LAMP}\n[2026-09-15 15:05:00] 达瓦：{RUBBISH}",
            [at(9, 15, 14, 51, 7), at(9, 15, 15, 5)],
            id="one line each, with time",
        ),
        pytest.param(
            f"卓玛(2026-09-15 14:51)\n{LAMP}\n\n达瓦（2026-09-15 15:05）\n{RUBBISH}",
            [at(9, 15, 14, 51), at(9, 15, 15, 5)],
            id="time in brackets",
        ),
        pytest.param(
            f"昨天 14:51\n卓玛：\n{LAMP}\n昨天 15:05\n达瓦：\n{RUBBISH}",
            [at(9, 15, 14, 51), at(9, 15, 15, 5)],
            id="times between the messages",
        ),
        pytest.param(f"卓玛:\n{LAMP}\n\n达瓦:\n{RUBBISH}\n", [None, None], id="name and colon"),
        pytest.param(f"卓玛：{LAMP}\n达瓦：{RUBBISH}", [None, None], id="one line each"),
    ],
)
def test_who_said_what_and_when(text: str, moments: list[datetime | None]) -> None:
    expected = zip(("卓玛", "达瓦"), moments, (LAMP, RUBBISH), strict=True)
    assert said(text) == [Said(*one) for one in expected]


def test_a_text_without_names_is_one_message_a_paragraph() -> None:
    assert [one.words for one in said(f"{LAMP}\n一直没修\n\n{RUBBISH}")] == [
        f"{LAMP}\n一直没修",
        RUBBISH,
    ]


def test_lines_that_only_look_like_a_name_stay_words() -> None:
    (one,) = said("卓玛 2026-09-15 14:51\n水管漏水\n时间：昨天晚上\n等到 9:30\n电话：没有")
    assert one.words == "水管漏水\n时间：昨天晚上\n等到 9:30\n电话：没有"
    (other,) = said("卓玛：水管漏水\n地点：三号院")
    assert other.words == "水管漏水\n地点：三号院"


HEAD = "卓玛 2026-09-15 14:51\n"


@pytest.mark.parametrize(
    "words",
    [
        "@社区干部，三号院路灯不亮，什么时候修",
        "三号院路灯不亮@社区网格员扎西帮忙看看",
        "谢谢，水又停了",
        "好的，谢谢，路灯还没修",
        "13800138000",
        "3-2-502",
        "我拍了拍楼上的门没人应，还在漏水",
        "视频通话老是断，宽带坏了请帮忙",
        "老人误退出群了，医保怎么交",
        "请问新住户怎么加入群聊？",
        "门口有人领取了社区红包后吵架，请处理",
        "楼栋：3号楼\n单元：2\n门牌：502\n报修内容：水管漏水\n联系方式：13800138000",
        "物业说开会时间 2026-09-18 9:30\n没人通知我们",  # ahead: nobody has said it then
        "停水从\n9月14日\n到今天",
        "等到 9:30\n没人来",
    ],
)
def test_what_a_resident_says_is_never_taken_for_anything_else(words: str) -> None:
    first, second = said(f"{HEAD}{words}\n达瓦 2026-09-15 15:05\n{RUBBISH}")
    assert (first.name, first.words) == ("卓玛", words)
    assert (second.name, second.words) == ("达瓦", RUBBISH)


@pytest.mark.parametrize(
    ("head", "name", "moment"),
    [
        ("3栋:达瓦 2026-09-15 15:05", "3栋:达瓦", at(9, 15, 15, 5)),
        ("「达瓦」 2026-09-15 15:05", "「达瓦」", at(9, 15, 15, 5)),
        ("达瓦 9/15/2026 3:05 PM", "达瓦", at(9, 15, 15, 5)),
        ("达瓦 26/9/15 15:05", "达瓦", at(9, 15, 15, 5)),
        ("达瓦2026-09-15 15:05", "达瓦", at(9, 15, 15, 5)),
        ("Dawa Yesterday 3:05 PM", "Dawa", at(9, 15, 15, 5)),
        ("三栋3-2 达瓦🌸 9月15日 傍晚6:20", "三栋3-2 达瓦🌸", at(9, 15, 18, 20)),
        ("达瓦 周二 15:05", "达瓦", at(9, 15, 15, 5)),
    ],
)
def test_names_and_times_in_whatever_shape(head: str, name: str, moment: datetime) -> None:
    assert said(f"{head}\n{LAMP}") == [Said(name, moment, LAMP)]


def test_a_time_within_a_message_is_nobody() -> None:
    one, two = said("卓玛 9月15日 14:51\n停水了\n从早上到 15:00\n达瓦 9月15日 15:20\n没人收")
    assert (one.words, two.name) == ("停水了\n从早上到 15:00", "达瓦")
    text = "卓玛  09:12\n\n停水了\n昨天也停到 18:30\n\n达瓦  09:13\n\n没人收"
    assert [one.words for one in said(text)] == ["停水了\n昨天也停到 18:30", "没人收"]


def test_mentions_are_left_out() -> None:
    for words in ("@洛桑 罗布\u2005路灯坏了", "@社区小王 路灯坏了", "路灯坏了\n@社区小王"):
        assert said(HEAD + words)[0].words == "路灯坏了"


def test_a_december_day_without_a_year_lies_behind() -> None:
    (one,) = said(f"卓玛 12月30日 14:51\n{LAMP}")
    assert one.at == datetime(2025, 12, 30, 14, 51)  # noqa: DTZ001


def test_pictures_red_envelopes_recalled_messages_notices_and_thanks_are_counted_not_listed() -> (
    None
):
    head = "{} 2026-09-15 14:51\n{}\n"
    chat = read_chat(
        head.format("卓玛", LAMP)
        + head.format("卓玛", "[图片]")
        + '"达瓦"撤回了一条消息\n'
        + head.format("扎西", "[红包]恭喜发财，大吉大利")
        + "卓玛领取了扎西的红包\n"
        + head.format("扎西", "[捂脸][动画表情]")
        + '"扎西"邀请"次仁"加入了群聊\n'
        + '"达瓦" 拍了拍 "卓玛"\n'
        + head.format("达瓦", "收到，谢谢[强]")
        + head.format("李大爷", f"「卓玛：{LAMP}」\n- - - - - - - - -\n@社区 我家门口也一样"),
        NOW,
    )
    assert [(one.name, one.words, one.has_picture) for one in chat.said] == [
        ("卓玛", LAMP, False),
        ("卓玛", "", True),  # the picture that belongs to the words before it
        ("李大爷", "我家门口也一样", False),
    ]
    assert chat.left_out == {
        "图片或表情": 2,
        "撤回": 1,
        "红包转账": 2,
        "群提示": 2,
        "应答": 1,
    }


@pytest.mark.parametrize(
    "text",
    ["谢" * 5000 + "了吗", "「" * 20_000, "2026-" * 10_000, "- " * 20_000, f"a{' ' * 20_000}b"],
)
@pytest.mark.timeout(60)  # a reader that goes back and forth never comes to the end of these
def test_no_text_keeps_the_reader_busy(text: str) -> None:
    chat = read_chat(text, NOW)
    assert chat.said or chat.left_out


# --- drafts -----------------------------------------------------------------------------------


@pytest.fixture
def drafts(database: House, monday: datetime) -> Callable[..., Pasted]:
    """The drafts of a chat in the third grid's group, on a Monday in September at ten."""
    group = database.catalog.chat_groups["residents-3"]
    return lambda text, at=monday: drafts_of(text, group, at)


def test_a_message_becomes_a_draft_with_a_proposal(drafts: Callable[..., Pasted]) -> None:
    (lamp, talk, wish) = drafts(
        f"卓玛 今天 09:12\n{LAMP}\n达瓦 09:13\n昨天的雪真大呀\n央宗 09:20\n孙子有个心愿，想要一本字典"
    ).drafts
    assert (lamp.name, lamp.words, lamp.category, lamp.kind) == (
        *("卓玛", LAMP, "street-light", Kind.APPEAL),
    )
    assert lamp.at == datetime(2026, 9, 14, 1, 12, tzinfo=UTC)
    assert (talk.words, talk.kind) == ("昨天的雪真大呀", None)
    assert wish.kind is Kind.SMALL_WISH


def test_voices_and_files_are_counted_and_never_an_order(drafts: Callable[..., Pasted]) -> None:
    pasted = drafts(
        f'旺姆 08:15\n[语音] 12"\n尼玛 08:16\n[文件] 申请表.docx\n达瓦 08:17\n[语音]\n{LAMP}'
    )
    assert [draft.words for draft in pasted.drafts] == [LAMP]
    assert pasted.left_out == {"语音（请到群里听）": 2, "文件或链接": 1}


def test_a_text_by_nobody_was_pasted_for_a_reason(drafts: Callable[..., Pasted]) -> None:
    assert drafts("楼道里有人放了很多纸箱子").drafts[0].kind is Kind.APPEAL


def test_one_phone_is_taken_out_of_the_words_and_of_two_neither(
    drafts: Callable[..., Pasted],
) -> None:
    one, two = drafts(
        "卓玛 08:15\n灯坏了，0893-7612345\n达瓦 08:16\n13889001234 或 13889001235，水停了"
    ).drafts
    assert (one.words, one.phone) == ("灯坏了，（电话已登记）", "0893-7612345")
    assert two.phone == ""
    assert "13889001234" in two.words


def test_what_one_person_writes_in_a_row_is_one_draft_unless_it_is_another_matter(
    drafts: Callable[..., Pasted],
) -> None:
    text = (
        f"卓玛 09:12\n{LAMP}\n卓玛 09:13\n[图片]\n卓玛 09:14\n已经三天了\n卓玛 09:15\n{RUBBISH}\n"
    )
    assert [draft.words for draft in drafts(text).drafts] == [
        f"{LAMP}\n已经三天了（群里有图片）",
        RUBBISH,
    ]
    apart = f"卓玛 08:00\n{LAMP}\n卓玛 09:30\n已经三天了"
    assert len(drafts(apart).drafts) == 2


def test_what_staff_say_is_no_draft(drafts: Callable[..., Pasted]) -> None:
    pasted = drafts(f"社区 洛桑罗布 09:12\n请大家报修路灯\n卓玛 09:13\n{LAMP}")
    assert [draft.name for draft in pasted.drafts] == ["卓玛"]
    assert pasted.left_out == {"社区干部说的": 1}


def test_what_is_pasted_twice_is_one_draft(drafts: Callable[..., Pasted]) -> None:
    pasted = drafts(f"卓玛 09:12\n{LAMP}\n达瓦 09:13\n{RUBBISH}\n卓玛 09:12\n{LAMP}")
    assert [draft.words for draft in pasted.drafts] == [LAMP, RUBBISH]
    assert pasted.left_out == {"重复的": 1}


def test_a_message_that_became_an_order_is_known_again(
    drafts: Callable[..., Pasted], place: Callable[..., str], do: Callable[..., None]
) -> None:
    text = f"卓玛 09:12\n{LAMP}\n"
    (draft,) = drafts(text).drafts
    number = place(words="改过的话", source="chat", external_id=draft.id, grid="grid-3")
    do(number, "decline", reason="不归社区管", instead="请找物业")
    pasted = drafts(f"{text}达瓦 09:13\n{RUBBISH}")
    assert [one.words for one in pasted.drafts] == [RUBBISH]
    assert pasted.before == (f"{number} {LAMP}",)


def test_the_same_words_of_the_same_person_are_known_while_the_order_is_open(
    drafts: Callable[..., Pasted], place: Callable[..., str], do: Callable[..., None]
) -> None:
    number = place(words=LAMP, resident="卓玛", grid="grid-3")
    assert drafts(f"卓玛 09:12\n{LAMP}").before == (f"{number} {LAMP}",)
    do(number, "decline", reason="不归社区管", instead="请找物业")
    assert drafts(f"卓玛 09:12\n{LAMP}").before == ()  # it may have broken again


def test_the_same_words_of_a_namesake_in_another_grid_or_of_nobody_are_new(
    drafts: Callable[..., Pasted], place: Callable[..., str]
) -> None:
    place(words=LAMP, resident="卓玛", grid="grid-1")
    place(words=RUBBISH, resident="", phone="", grid="grid-3")
    assert len(drafts(f"卓玛 09:12\n{LAMP}").drafts) == 1
    assert len(drafts(RUBBISH).drafts) == 1


def test_a_resident_whose_name_holds_a_staff_person_s_is_a_resident(
    drafts: Callable[..., Pasted],
) -> None:
    assert [draft.name for draft in drafts(f"格桑卓玛妈妈 09:12\n{LAMP}").drafts] == [
        "格桑卓玛妈妈"
    ]


def test_a_chat_means_the_day_on_which_it_was_pasted(
    drafts: Callable[..., Pasted], monday: datetime
) -> None:
    (today,) = drafts(f"卓玛 09:12\n{LAMP}").drafts
    (later,) = drafts(f"卓玛 09:12\n{LAMP}", monday + timedelta(days=1)).drafts
    assert today.at != later.at


def test_a_group_s_long_name_keeps_nobody_from_being_registered(
    database: House, monday: datetime
) -> None:
    group = database.catalog.chat_groups["residents-3"].model_copy(update={"name": "群" * 50})
    (draft,) = drafts_of(f"居民的名字也不短 09:12\n{LAMP}", group, monday).drafts
    assert draft.resident == f"居民的名字也不短（{group.name}）"
    (longer,) = drafts_of(f"{'名' * 20} 09:12\n{LAMP}", group, monday).drafts
    assert longer.resident == "名" * 20


def test_a_draft_much_like_an_open_order_says_so(
    drafts: Callable[..., Pasted], place: Callable[..., str]
) -> None:
    number = place(words="三号院的路灯又不亮了", grid="grid-3")
    (draft, other) = drafts(f"达瓦 09:12\n{LAMP}\n卓玛 09:13\n{RUBBISH}").drafts
    assert draft.twin == f"{number} 三号院的路灯又不亮了"
    assert other.twin == ""


def test_an_empty_chat_has_no_drafts(drafts: Callable[..., Pasted]) -> None:
    assert drafts(" \n\n").drafts == ()
    assert drafts("卓玛 09:12\n[图片]\n").drafts == ()
