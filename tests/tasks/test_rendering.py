"""What people read: every message in every locale and channel, and what a wrong template says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from jinja2 import Environment, meta

from config.shapes import ChannelKind
from tasks import rendering
from tasks.errors import BadTemplate
from tasks.examples import IN_CHINESE, LINK, examples
from tasks.models.enums import Audience, Event, Grade
from tasks.rendering import Text, render
from tasks.rules.notices import CARRIED

LOCALES = ("zh-CN", "en")
PAIRS = sorted(CARRIED)
STRANGE = "{{ 7*7 }} {% raw %} <script>alert(1)</script> '; DROP TABLE orders;-- ལམ་སྒྲོན་མི་འདུག 🏮"
CJK = re.compile(r"[\u3000-\u303f\u4e00-\u9fff\uff00-\uffef]")

MONEY = {"target", "raised", "spent", "left", "voucher", "yuan", "points", "today"}
NEVER_UNKNOWN = {
    "title",
    "said",
    "number",
    "kind",
    "words",
    "community",
    "timezone",
    "locale",
    "clock",
} | MONEY
OF_MANY = {
    *(Event.DIGEST, Event.DAILY_BRIEF, Event.WEEKLY_BRIEF, Event.MEETING_AGENDA),
    Event.BROADCAST,
}
OF_ONE = [pair for pair in PAIRS if pair[0] not in OF_MANY]


def message(
    event: Event,
    audience: Audience,
    *,
    channel: ChannelKind = ChannelKind.BY_HAND,
    locale: str = "zh-CN",
    **changes: Any,
) -> Text:
    variables = {**examples(locale), **changes}
    return render(event, audience, channel, locale, variables)


def told(event: Event, audience: Audience, **changes: Any) -> str:
    """The text alone, in Chinese."""
    return message(event, audience, **changes).body


Write = Callable[[str, str], None]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a template into a folder of templates that stands in for the real one."""
    monkeypatch.setattr(rendering, "TEMPLATES", tmp_path)

    def write_template(path: str, source: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(source, encoding="utf-8")

    write_template("zh-CN/channels/by_hand.j2", "{{ text }}")
    return write_template


def write_placed(write: Write, text: str, *, locale: str = "zh-CN") -> None:
    """Writes what a resident hears first."""
    source = f"{{% block subject %}}收到{{% endblock %}}{{% block text %}}{text}{{% endblock %}}"
    write(f"{locale}/order_placed/resident.j2", source)


def placed(*, locale: str = "zh-CN", **changes: Any) -> str:
    return message(Event.ORDER_PLACED, Audience.RESIDENT, locale=locale, **changes).body


def complaint(**changes: Any) -> str:
    with pytest.raises(BadTemplate) as caught:
        placed(**changes)
    return str(caught.value)


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("event", "audience"), PAIRS)
def test_every_message_can_be_told_in_every_locale_through_every_channel(
    event: Event, audience: Audience, locale: str, channel: ChannelKind
) -> None:
    text = message(event, audience, channel=channel, locale=locale)
    if event not in OF_MANY:
        assert "A-2026-0012" in text.body
        assert "A-2026-0012" in text.subject
    assert text.subject == text.subject.strip() and "\n" not in text.subject
    assert text.body == text.body.strip() and "\n\n\n" not in text.body


@pytest.mark.parametrize(("event", "audience"), PAIRS)
def test_an_english_message_has_no_chinese_left_in_it(event: Event, audience: Audience) -> None:
    text = message(event, audience, channel=ChannelKind.MAIL, locale="en")
    assert not CJK.search(text.subject + text.body)


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("event", "audience"), PAIRS)
def test_what_nobody_knows_leaves_no_hole(event: Event, audience: Audience, locale: str) -> None:
    unknown = {
        name: ""
        for name, value in IN_CHINESE.items()
        if isinstance(value, str) and name not in NEVER_UNKNOWN
    }
    for words in (examples(locale)["words"], ""):
        changes = {**unknown, "words": words, "groups": []}
        text = message(event, audience, locale=locale, channel=ChannelKind.MAIL, **changes)
        before_lists = ("：\n", ":\n") if event not in OF_MANY else ()
        for hole in ("“”", "（）", "()", "  ", *before_lists, "，。", "， ", " ,", " .", "打 告"):
            assert hole not in f"{text.subject}\n{text.body}\n".replace("您好！", "")


@pytest.mark.parametrize(("event", "audience"), OF_ONE)
def test_a_message_is_short_enough_for_a_telephone(event: Event, audience: Audience) -> None:
    text = message(event, audience, words="路" * 60)
    assert len(text.body) <= 240  # the longest words (60) and all of the facts at once
    assert len(text.subject) <= 40


@pytest.mark.parametrize(
    ("event", "audience"), [pair for pair in OF_ONE if pair[1] is Audience.COORDINATORS]
)
def test_coordinators_read_two_lines_at_most(event: Event, audience: Audience) -> None:
    assert told(event, audience).count("\n") <= 1


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(("event", "audience"), PAIRS)
def test_only_the_member_who_claimed_it_reads_who_the_resident_is(
    event: Event, audience: Audience, locale: str
) -> None:
    text = message(event, audience, locale=locale, channel=ChannelKind.MAIL)
    is_theirs = (event, audience) == (Event.ORDER_CLAIMED, Audience.MEMBER)
    for secret in ("resident_name", "resident_phone"):
        assert (str(examples(locale)[secret]) in text.subject + text.body) is is_theirs


def test_a_member_without_the_residents_phone_is_sent_to_the_desk() -> None:
    text = told(Event.ORDER_CLAIMED, Audience.MEMBER, resident_name="", resident_phone="")
    assert "怎样联系居民，请问社区服务台 0893-0000000" in text


def test_a_handler_reads_what_where_and_by_when() -> None:
    text = told(Event.ORDER_ASSIGNED, Audience.HANDLER)
    assert "路灯不亮" in text and "第三网格，三号院东门" in text
    assert "12月3日 18:30" in text and "0893-0000000" in text


def test_a_resident_reads_why_it_was_declined_and_where_to_go() -> None:
    text = told(Event.ORDER_DECLINED, Audience.RESIDENT)
    assert "灯杆要换" in text and "县供电公司" in text


def test_a_resident_reads_until_when_it_is_held() -> None:
    assert "12月15日" in told(Event.ORDER_HELD, Audience.RESIDENT)
    english = message(Event.ORDER_HELD, Audience.RESIDENT, locale="en").body
    assert "on 15 December" in english


def test_a_resident_reads_under_which_number_it_goes_on() -> None:
    assert "A-2026-0007" in told(Event.ORDER_MERGED, Audience.RESIDENT)


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("locale", LOCALES)
def test_the_rating_link_stands_alone_on_its_line(locale: str, channel: ChannelKind) -> None:
    text = message(Event.ORDER_DONE, Audience.RESIDENT, locale=locale, channel=channel)
    assert LINK in text.body.split("\n")


@pytest.mark.parametrize(
    ("locale", "choices"),
    [
        ("zh-CN", "1 满意 / 2 基本满意 / 3 不满意"),
        ("en", "1 satisfied / 2 basically satisfied / 3 not satisfied"),
    ],
)
def test_only_who_may_rate_is_asked_to(locale: str, choices: str) -> None:
    rating = message(Event.ORDER_DONE, Audience.RESIDENT, locale=locale)
    other = message(Event.ORDER_DONE, Audience.RESIDENT, locale=locale, link="")
    assert choices in rating.body and rating.subject != other.subject
    assert choices not in other.body and "http" not in other.body
    assert "0893-0000000" in other.body


@pytest.mark.parametrize("grade", Grade)
def test_a_member_reads_the_grade_in_words(grade: Grade) -> None:
    solved = told(Event.ORDER_RATED, Audience.MEMBER, grade=grade.value)
    unsolved = told(Event.ORDER_RATED, Audience.MEMBER, grade=grade.value, solved=False)
    assert f"居民评价：{grade.label}，问题已解决" in solved
    assert f"居民评价：{grade.label}，问题还没解决" in unsolved
    assert ("社区会和您商量" in solved) is (grade is Grade.UNSATISFIED)
    assert "社区会和您商量" in unsolved


def test_only_who_forwards_by_hand_reads_to_which_groups() -> None:
    by_hand = message(Event.WISH_OPEN, Audience.GROUPS)
    robot = message(Event.WISH_OPEN, Audience.GROUPS, channel=ChannelKind.WECOM_ROBOT)
    assert "请转发到：商户一群、居民二群" in by_hand.subject
    assert "商户一群" not in by_hand.body + robot.subject + robot.body


def test_each_channel_has_its_frame() -> None:
    bodies = {
        channel: message(Event.ORDER_ACCEPTED, Audience.RESIDENT, channel=channel).body
        for channel in ChannelKind
    }
    text = bodies[ChannelKind.BY_HAND]
    assert bodies[ChannelKind.WEBHOOK] == bodies[ChannelKind.APPRISE] == text
    assert bodies[ChannelKind.MAIL] == f"您好！\n\n{text}\n\n示范社区\n社区电话：0893-0000000"
    assert bodies[ChannelKind.WECOM_ROBOT] == f"【您的诉求已受理（A-2026-0012）】\n{text}"


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("locale", LOCALES)
def test_a_residents_words_come_out_literally(locale: str, channel: ChannelKind) -> None:
    for name in ("words", "reason"):
        changes = {name: STRANGE}
        text = message(
            Event.ORDER_ASSIGNED, Audience.HANDLER, locale=locale, channel=channel, **changes
        )
        assert STRANGE in text.body


def test_many_empty_lines_become_one_and_a_subject_stays_one_line() -> None:
    text = message(
        Event.ORDER_PROGRESS, Audience.RESIDENT, reason="甲 \n\n \n\n\n乙", kind="诉\n求"
    )
    assert "甲\n\n乙" in text.body
    assert text.subject == "您的诉 求有进展（A-2026-0012）"


def test_an_unknown_locale_speaks_chinese() -> None:
    chinese = message(Event.ORDER_ASSIGNED, Audience.HANDLER)
    for locale in ("xx", "", "../en", "zh-CN/../en"):
        assert message(Event.ORDER_ASSIGNED, Audience.HANDLER, locale=locale) == chinese


def test_a_locale_that_lacks_a_template_borrows_the_chinese_one(write: Write) -> None:
    write_placed(write, "您好 {{ until | day }} {{ locale }}")
    write("en/channels/by_hand.j2", "{{ text }} ({{ locale }})")
    assert placed(locale="en") == "您好 12月15日 zh-CN (en)"


def test_another_language_is_one_folder_more(write: Write) -> None:
    write_placed(write, "བཀྲ་ཤིས་བདེ་ལེགས། {{ number }}", locale="bo-CN")
    assert placed(locale="bo-CN") == "བཀྲ་ཤིས་བདེ་ལེགས། A-2026-0012"


@pytest.mark.parametrize(
    ("expression", "value", "chinese", "english"),
    [
        ("day", "2026-12-03", "12月3日", "3 December"),
        ("day", date(2026, 1, 9), "1月9日", "9 January"),
        ("day", "2026-12-03T18:30:00Z", "12月4日", "4 December"),  # past midnight in Shanghai
        ("day", datetime(2026, 12, 3, 1, tzinfo=UTC), "12月3日", "3 December"),
        ("moment", "2026-12-03T18:05:00+08:00", "12月3日 18:05", "3 December 18:05"),
        (
            "moment",
            datetime(2026, 12, 31, 16, tzinfo=UTC),
            "2027年1月1日 00:00",
            "1 January 2027 00:00",
        ),
    ],
)
def test_times_are_written_as_people_say_them(
    write: Write, expression: str, value: object, chinese: str, english: str
) -> None:
    for locale in LOCALES:
        write_placed(write, f"{{{{ until | {expression} }}}}", locale=locale)
    assert placed(until=value) == chinese
    assert placed(until=value, locale="en") == english


@pytest.mark.parametrize(
    ("expression", "value", "problem"),
    [
        ("until | day", "明天", "“明天”不是日期或时间。"),
        ("until | moment", "", "“”不是日期或时间。"),
        ("until | moment", "2026-12-03", "只有日期，没有时刻"),
        ("until | moment", "2026-12-03T18:30:00", "没有时区"),
        ("until | day", "2026-12-03T18:30:00", "没有时区"),
        ("nothing | day", "", "用了没有给出的值（'nothing' is undefined）"),
    ],
)
def test_a_time_that_is_none_is_refused(
    write: Write, expression: str, value: str, problem: str
) -> None:
    write_placed(write, f"{{{{ {expression} }}}}")
    assert problem in complaint(until=value)


def test_an_unknown_time_zone_is_refused(write: Write) -> None:
    write_placed(write, "{{ deadline | moment }}")
    assert "没有时区“Asia/Nowhere”" in complaint(timezone="Asia/Nowhere")


def test_a_value_that_nobody_gave_is_an_error() -> None:
    with pytest.raises(BadTemplate, match="zh-CN/order_placed/resident.j2 .*没有给出的值"):
        render(Event.ORDER_PLACED, Audience.RESIDENT, ChannelKind.MAIL, "zh-CN", {})


@pytest.mark.parametrize("locale", LOCALES)
def test_a_missing_template_is_an_error(locale: str) -> None:
    with pytest.raises(BadTemplate) as caught:
        message(Event.ORDER_PLACED, Audience.LADDER, locale=locale)
    assert caught.value.facts == {
        "template": "zh-CN/order_placed/ladder.j2",
        "problem": "没有这个文件，请补上。",
    }


def test_a_missing_frame_is_an_error(write: Write) -> None:
    write_placed(write, "您好")
    with pytest.raises(BadTemplate, match="zh-CN/channels/mail.j2"):
        message(Event.ORDER_PLACED, Audience.RESIDENT, channel=ChannelKind.MAIL)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("\n{% if %}", "第 2 行写法不对"),
        ("{{ number | loud }}", "第 1 行写法不对"),
        ("{{ nickname }}", "'nickname' is undefined"),
        ("{{ number + 1 }}", "算不出结果"),
        ("{{ 1 // 0 }}", "算不出结果"),
        ("{{ ''.__class__ }}", "不允许"),
        ("{{ ''.__class__.__mro__[1].__subclasses__() }}", "不允许"),
        ("{{ number['__class__'] }}", "不允许"),
        ("{{ '{0.__class__}'.format(number) }}", "不允许"),
        ("{{ groups.append('x') }}", "不允许"),
    ],
)
def test_a_wrong_template_is_an_error_that_names_the_file(
    write: Write, text: str, problem: str
) -> None:
    write_placed(write, text)
    sentence = complaint()
    assert "zh-CN/order_placed/resident.j2" in sentence
    assert problem in sentence


def test_a_template_without_one_of_its_blocks_is_an_error(write: Write) -> None:
    write("zh-CN/order_placed/resident.j2", "{% block text %}您好{% endblock %}")
    assert "{% block subject %}" in complaint()


def test_a_template_saved_by_a_windows_editor_is_read(write: Write) -> None:
    write_placed(write, "您好\r\n{% if link %}\r\n有链接\r\n{% endif %}\r\n{{ number }}")
    path = rendering.TEMPLATES / "zh-CN/order_placed/resident.j2"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert placed() == "您好\n有链接\nA-2026-0012"
    path.write_bytes("您好".encode("gbk"))
    assert "请另存为 UTF-8" in complaint()


@pytest.mark.parametrize("locale", LOCALES)
def test_there_is_a_template_for_each_message_and_channel_and_no_other(locale: str) -> None:
    folder = rendering.TEMPLATES / locale
    found = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if not path.is_dir()}
    messages = {f"{event.value}/{audience.value}.j2" for event, audience in CARRIED}
    pages = {path for path in found if path.startswith("pages/")}
    assert found - pages == messages | {f"channels/{channel.value}.j2" for channel in ChannelKind}


@pytest.mark.parametrize("locale", LOCALES)
def test_no_template_uses_more_than_it_is_given(locale: str) -> None:
    """Also in the branches that the examples do not reach."""
    given = {*IN_CHINESE, "channel", "subject", "text"}
    for path in (rendering.TEMPLATES / locale).rglob("*/*.j2"):
        if path.parent.name == "pages":
            continue  # each is given what its own page is about
        source = Environment().parse(path.read_text(encoding="utf-8"))
        assert meta.find_undeclared_variables(source) <= given, path.name


@pytest.mark.parametrize("channel", ChannelKind)
@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("audience", [pair[1] for pair in PAIRS if pair[0] is Event.BROADCAST])
def test_what_is_said_to_many_comes_out_literally(
    audience: Audience, locale: str, channel: ChannelKind
) -> None:
    changes = {"title": "[停水](http://x) {{ 7*7 }}", "said": STRANGE}
    text = message(Event.BROADCAST, audience, locale=locale, channel=channel, **changes)
    assert text.subject == "[停水](http://x) {{ 7*7 }}"
    assert STRANGE in text.body
    assert ("示范社区" if locale == "zh-CN" else "Example Community") in text.body
    if channel is ChannelKind.BY_HAND:  # what is copied into a group has no subject
        assert "[停水](http://x) {{ 7*7 }}" in text.body.split("\n")[0]
