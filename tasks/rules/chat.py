"""A chat as people copy it out of WeChat: what residents said in it, without what nobody has to do anything about."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from tasks.rules.chat_lines import Head, Moment, moment_of, told_apart

IN_ONE_GO = timedelta(minutes=10)
PICTURE, MONEY, RECALLED, NOTICE, COURTESY = "图片或表情", "红包转账", "撤回", "群提示", "应答"
VOICE, FILE = "语音（请到群里听）", "文件或链接"
_ONE = r"[\"“][^\"”]{1,30}[\"”]"  # somebody, as WeChat quotes them in what it says itself
_WHOLE_LINES = (  # lines that WeChat writes, not people
    (
        RECALLED,
        re.compile(rf"(?:{_ONE}|[^，。,]{{1,20}}?)\s?撤回了?一条(?:成员)?消息(?:\s?重新编辑)?"),
    ),
    (RECALLED, re.compile(r".{1,30} recalled a message")),
    (MONEY, re.compile(r"[^，。,]{1,20}领取了[^，。,]{1,20}的红包")),
    (MONEY, re.compile(r"收到(?:红包|转账)，请在手机上查看|\[(?:微信)?(?:红包|转账)\].*")),
    (NOTICE, re.compile(rf"(?:{_ONE}|我)\s?拍了拍\s?(?:{_ONE}|自己|我)[^，。,]{{0,12}}")),
    (
        NOTICE,
        re.compile(rf"[^，。,]{{0,12}}{_ONE}.{{0,40}}?(?:加入|退出|离开|移出)了?(?:本?群聊|群)"),
    ),
    (NOTICE, re.compile(r".{0,40}修改群名为[\"“].*|[-—\s]*以[上下][是为]+(?:新|历史)消息[-—\s]*")),
    (
        NOTICE,
        re.compile(r"\[(?:语音|视频)通话\].*|(?:语音|视频)通话\s?(?:已取消|已拒绝|无应答|时长.*)"),
    ),
    (NOTICE, re.compile(r".*与群里其他人都不是(?:微信)?朋友关系.*")),
)
_VOICE = re.compile(
    r"\[(?:语音|Audio|Voice)\]\s*(?:\d{1,3}\s*(?:[\"″”']{1,2}|秒|s)?)?", re.IGNORECASE
)
_FILE = re.compile(r"\[(?:文件|链接|小程序|聊天记录|音乐|名片|File|Link)\][^\n]*", re.IGNORECASE)
_PICTURE = re.compile(r"\[(?:图片|照片|视频|小视频|Photo|Image|Video)\]", re.IGNORECASE)
_MARKER = re.compile(
    r"\[(?:图片|照片|视频|小视频|语音|文件|位置|链接|表情|动画表情|名片|小程序|聊天记录|音乐|"
    r"Photo|Image|Video|Audio|Voice|File|Location|Link|Sticker)\]",
    re.IGNORECASE,
)
_FACES = re.compile(  # as WeChat writes its own emoticons
    r"\[(?:"
    r"微笑|撇嘴|色|发呆|得意|流泪|害羞|闭嘴|睡|大哭|尴尬|发怒|调皮|呲牙|惊讶|难过|囧|抓狂|吐|偷笑|愉快|"
    r"白眼|傲慢|困|惊恐|憨笑|悠闲|咒骂|疑问|嘘|晕|衰|骷髅|敲打|再见|擦汗|抠鼻|鼓掌|坏笑|右哼哼|鄙视|委屈|"
    r"快哭了|阴险|亲亲|可怜|笑脸|生病|脸红|破涕为笑|恐惧|失望|无语|嘿哈|捂脸|奸笑|机智|皱眉|耶|吃瓜|加油|"
    r"汗|天啊|Emm|社会社会|旺柴|好的|打脸|哇|翻白眼|666|让我看看|叹气|苦涩|裂开|嘴唇|爱心|心碎|拥抱|"
    r"强|弱|握手|胜利|抱拳|勾引|拳头|OK|合十|啤酒|咖啡|蛋糕|玫瑰|凋谢|菜刀|炸弹|便便|月亮|太阳|庆祝|"
    r"礼物|發|福|烟花|爆竹|猪头|跳跳|发抖|转圈"
    r")\]"
)
_QUOTED = (  # what somebody answers to; the answer follows
    re.compile(r"「[^」]*」\s*\n\s*(?:[-—–─]\s*){3,}\n?"),
    re.compile(r"(?m)^\s*引用\s?[^\n]*的消息[^\n]*$"),
    re.compile(r"(?m)^\s*回复\s?[^\n]*[:：]\s?「[^」]*」\s*$"),
)
_MENTION = re.compile(  # WeChat puts a blank of its own behind a name; a typed one ends with a plain blank
    r"@[^\u2005\n@]{1,30}\u2005|@[^\s@，。！？、：,.!?:]{1,20} |^\s*@[^\s@，。！？、：,.!?:]{1,20}\s*$",
    re.MULTILINE,
)
_TO_WHOM = r"(?:大家|你们?|您|各位|社区|师傅|老师|书记|主任|领导|邻居们?|啦|了|啊|哈|呀|哦)*"
_COURTESY = re.compile(  # without going back: somebody may write 谢 a thousand times
    rf"(?>好+的?呢?|好哒|收到|多?谢+{_TO_WHOM}|感谢{_TO_WHOM}|辛苦{_TO_WHOM}|嗯+|哦+|是的?|对的?|ok|知道了?|明白了?|没事|可以|行|哈+|"
    r"早上好|大家好|恭喜(?:发财|大吉大利)*|赞|支持|加一)++|\d{1,2}",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[\W_]+")


@dataclass(frozen=True)
class Said:
    """What one person said in one go."""

    name: str  # "" when the text does not say
    at: datetime | None  # local, without a zone
    words: str
    has_picture: bool = False


@dataclass
class Chat:
    """What was said, in order, and how much of what was left out."""

    said: list[Said] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)


def read_chat(text: str, now: datetime) -> Chat:
    """What people said in a copied chat; `now` is local, without a zone.

    A text without names is taken as one message a paragraph.
    """
    chat = Chat()
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for message in _messages(_written_by_people(lines, chat.left_out), now):
        _add(chat, message)
    return chat


def in_one_go(said: Iterable[Said], about: Callable[[str], str]) -> list[Said]:
    """Joins what one person wrote in a row, unless it is about something else (`about` is "" for unclear)."""
    joined: list[Said] = []
    for one in said:
        if joined and _goes_on(joined[-1], one, about):
            words = f"{joined[-1].words}\n{one.words}".strip()
            picture = joined[-1].has_picture or one.has_picture
            joined[-1] = replace(joined[-1], words=words, has_picture=picture)
        else:
            joined.append(one)
    return [one for one in joined if one.words]


def _goes_on(before: Said, one: Said, about: Callable[[str], str]) -> bool:
    if not one.name or one.name != before.name:
        return False
    if before.at and one.at and one.at - before.at > IN_ONE_GO:
        return False
    first, second = about(before.words), about(one.words)
    return not first or not second or first == second


def _written_by_people(lines: Iterable[str], left_out: Counter[str]) -> list[str]:
    kept = []
    for line in lines:
        why = next((why for why, pattern in _WHOLE_LINES if pattern.fullmatch(line.strip())), None)
        if why:
            left_out[why] += 1
        else:
            kept.append(line)
    return kept


def _messages(lines: list[str], now: datetime) -> list[Said]:
    """Who said which lines. Words before the first name are nobody's."""
    parts = told_apart(lines, now)
    if not any(isinstance(part, Head) for part in parts):
        paragraphs = re.split(r"\n\s*\n", "\n".join(lines).strip())
        texts = paragraphs if len(paragraphs) > 1 else lines
        return [Said("", None, text.strip()) for text in texts if text.strip()]
    messages, day, when = [Said("", None, "")], "", ""
    for part in parts:
        if isinstance(part, Moment):
            day, when = (part.text, "") if part.is_day else (day, part.text)
        elif isinstance(part, Head):
            at = moment_of(part.when or when, day, now)
            messages.append(Said(part.name, at, part.words))
        else:
            messages[-1] = replace(messages[-1], words=f"{messages[-1].words}\n{part}")
    return [message for message in messages if message.name or message.words.strip()]


def _add(chat: Chat, message: Said) -> None:
    """Puts a message into the chat, or counts why not. A picture alone goes with the words beside it."""
    words = message.words
    for quoted in _QUOTED:
        words = quoted.sub("", words)
    for why, pattern in ((VOICE, _VOICE), (FILE, _FILE)):
        words, times = pattern.subn("", words)
        chat.left_out += Counter({why: times})
    has_picture = bool(_PICTURE.search(words))
    has_marker = bool(_MARKER.search(words) or _FACES.search(words))
    words = _MENTION.sub("", _FACES.sub("", _MARKER.sub("", words)))
    words = "\n".join(filter(None, (" ".join(line.split()) for line in words.split("\n"))))
    plain = _PUNCTUATION.sub("", words)
    if plain and not _COURTESY.fullmatch(plain):
        chat.said.append(replace(message, words=words, has_picture=has_picture))
        return
    if plain:
        chat.left_out[COURTESY] += 1
    elif has_marker or words:
        chat.left_out[PICTURE] += 1
    if has_picture:
        chat.said.append(replace(message, words="", has_picture=True))


_ASKS = re.compile(
    r"[?？]|心愿|[坏漏堵停断脏臭吵修掉破裂倒塌丢响险]|不亮|没[水电人有]|怎么|什么时候|能不能|可不可以|请|麻烦|希望|盼|投诉|反映|帮|找谁|谁管|解决|处理"
)


_WISHES = re.compile(r"心愿|想要|盼着")
_URGENT = re.compile(
    r"困[了在住]|着火|起火|冒烟|触电|漏电|煤气|燃气|晕倒|流血|救命|快来人|塌了|掉下来|被砸|溺水|走丢|紧急"
)
_PHONE = re.compile(r"(?<![\d-])(?:1[3-9]\d{9}|0\d{2,3}-?\d{7,8})(?![\d-])")


def is_wish(words: str) -> bool:
    """Whether somebody rather wishes for something; a guess."""
    return _WISHES.search(words) is not None


def is_urgent(words: str) -> bool:
    """Whether somebody may be in danger; a guess."""
    return _URGENT.search(words) is not None


def phone_in(words: str) -> str:
    """The one phone number that the words tell; "" for none, or for several."""
    found = set(_PHONE.findall(words))
    return found.pop() if len(found) == 1 else ""


def asks_for_something(words: str) -> bool:
    """Whether a message sounds like an appeal or a wish; a guess that people put right."""
    return _ASKS.search(words) is not None
