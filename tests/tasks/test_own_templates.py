"""A community's own words win over ours, and what is wrong with them is known before anybody is written to."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from config.shapes import ChannelKind
from tasks import texts
from tasks.errors import BadTemplates
from tasks.examples import examples
from tasks.house import House
from tasks.models.enums import Audience, Event
from tasks.own_templates import check_templates
from tasks.rendering import Text, locales, render
from tasks.views import messages_json

Write = Callable[..., Path]


def page(text: str) -> str:
    return f"{{% block subject %}}甲{{% endblock %}}{{% block text %}}{text}{{% endblock %}}"


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a template into a community's folder of templates, and gives that folder."""

    def write_one(text: str, path: str = "zh-CN/order_placed/resident.j2", of: str = "a") -> Path:
        folder = tmp_path / of / "templates"
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
        return folder

    return write_one


def placed(
    own: Path | None, locale: str = "zh-CN", kind: ChannelKind = ChannelKind.BY_HAND
) -> Text:
    values = examples(locale)
    return render(Event.ORDER_PLACED, Audience.RESIDENT, kind, locale, values, own)


def test_a_file_of_the_community_wins_and_a_missing_one_is_ours(write: Write) -> None:
    own = write(page("{{ number }} 收到啦"))
    assert placed(own) == Text("甲", "A-2026-0012 收到啦")
    assert placed(own, "en") == placed(None, "en")  # its Chinese says nothing about our English
    values = examples("zh-CN")
    done = (Event.ORDER_DONE, Audience.RESIDENT, ChannelKind.MAIL, "zh-CN", values)
    assert render(*done, own) == render(*done)


def test_a_frame_of_the_community_wins_too(write: Write) -> None:
    own = write("{{ text }}\n——{{ community }}敬上", "zh-CN/channels/by_hand.j2")
    assert placed(own).body == placed(None).body + "\n——示范社区敬上"


def test_another_language_is_a_folder_of_the_community(write: Write) -> None:
    own = write(page("བཀྲ་ཤིས་ {{ number }}"), "bo-CN/order_placed/resident.j2")
    assert placed(own, "bo-CN").body == "བཀྲ་ཤིས་ A-2026-0012"
    assert locales(own) == ["zh-CN", "bo-CN", "en"]
    assert locales() == ["zh-CN", "en"]


def test_two_communities_in_one_process_keep_their_own_words(write: Write) -> None:
    first, second = write(page("一"), of="first"), write(page("二"), of="second")
    for _ in range(2):
        assert [placed(own).body for own in (first, second)] == ["一", "二"]
        assert "收到" in placed(None).body


def test_a_file_that_comes_changes_or_goes_is_noticed_at_once(write: Write, tmp_path: Path) -> None:
    own = tmp_path / "a" / "templates"
    assert placed(own) == placed(None)
    write(page("来了"))
    assert placed(own).body == "来了"
    write(page("改成长一点的了"))
    (own / "zh-CN/order_placed/resident.j2").touch()
    assert placed(own).body == "改成长一点的了"
    shutil.rmtree(own)
    assert placed(own) == placed(None)


def test_what_is_right_is_counted(write: Write, tmp_path: Path) -> None:
    assert check_templates(tmp_path / "nowhere") == 0
    write(page("{{ number }} {% if place %}{{ place }}{% endif %}"))
    assert check_templates(write("{{ subject }}: {{ text }}", "en/channels/mail.j2")) == 2


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (page("{% if %}"), "第 1 行写法不对"),
        (page("{{ nickname }}"), "用了没有给出的值（nickname）。"),
        (page("{% if not number %}{{ nickname }}{% endif %}"), "用了没有给出的值（nickname）。"),
        (page("{{ number }} {{ link }}"), "用了没有给出的值（link）。"),  # nobody can rate it yet
        (page("{{ number | day }}"), "“A-2026-0012”不是日期或时间。"),
        ("{% block text %}甲{% endblock %}", "缺少 {% block subject %} 这一段。"),
        (page("{{ ''.__class__ }}"), "不允许"),
    ],
)
def test_what_is_wrong_is_named_with_its_file(write: Write, text: str, problem: str) -> None:
    own = write(text)
    with pytest.raises(BadTemplates) as caught:
        check_templates(own)
    (line,) = caught.value.lines
    assert line.startswith("templates/zh-CN/order_placed/resident.j2：")
    assert problem in line


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("zh-CN/order_placed/residents.j2", "order_placed 里可以有：coordinators.j2、resident.j2"),
        ("zh-CN/channels/fax.j2", "channels 里可以有：by_hand.j2、mail.j2"),
        ("zh-CN/order_lost/resident.j2", "例如 zh-CN/order_placed/resident.j2"),
        ("resident.j2", "例如 zh-CN/order_placed/resident.j2"),
    ],
)
def test_a_file_that_nothing_looks_for_is_a_mistake(write: Write, path: str, hint: str) -> None:
    own = write(page("甲"), path)
    with pytest.raises(BadTemplates) as caught:
        check_templates(own)
    (line,) = caught.value.lines
    assert line.startswith(f"templates/{path}：没有这种消息，不会用到")
    assert hint in line


def test_every_mistake_is_named_and_each_once(write: Write) -> None:
    write("{{ text", "zh-CN/channels/mail.j2")
    write(page("{{ nickname }}"), "zh-CN/order_done/resident.j2")
    own = write(page("好"))  # right, but told through that frame
    with pytest.raises(BadTemplates) as caught:
        check_templates(own)
    assert [line.split("：")[0] for line in caught.value.lines] == [
        "templates/zh-CN/channels/mail.j2",
        "templates/zh-CN/order_done/resident.j2",
    ]


def test_a_recipient_reads_the_communitys_words_and_ours_while_those_are_wrong(
    sqlite_house: House,
    settle: Callable[..., House],
    community: Callable[..., Path],
    place: Callable[..., str],
    tmp_path: Path,
    monday: Any,
) -> None:
    folder = Path(shutil.copytree(community({}), tmp_path / "community"))
    settle(config=folder, database=sqlite_house.settings.database)
    words = folder / "templates" / "zh-CN" / "order_placed" / "resident.j2"
    words.parent.mkdir(parents=True)
    words.write_text(page("{{ number }} 收到啦"), encoding="utf-8")
    number = place(resident="居民甲", phone="13900000001")
    assert messages_json()[0]["body"] == f"{number} 收到啦"
    words.write_text(page("{{ number 收到啦"), encoding="utf-8")
    assert "已收到您的诉求" in messages_json()[0]["body"]
    assert place(words="水管漏水", phone="13900000001") == "A-2026-0002"  # a slip stops nobody


def test_the_examples_have_a_value_for_everything_that_a_template_is_given(
    sqlite_house: House,
) -> None:
    given = texts._order_variables(None, "zh-CN")
    assert set(given) <= set(examples("zh-CN")) == set(examples("en"))
