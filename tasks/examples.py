"""Values for every message, made up: what a template is shown and checked with before anybody is written to."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.models.enums import Audience, Event
from tasks.rules.wording import only_given

LINK = "https://diandan.example.org/r/3vT9-kQ"
LINES = [
    {
        "number": "A-2026-0007",
        "words": "桥栏杆松了",
        "clock": "单位接单",
        "due": "2026-12-01T10:30:00+00:00",
        "late": True,
        "what": "已超期",
        "kind": "提交会议的订单",
        "name": "第三网格",
        "placed": 5,
        "done": 4,
    }
]
CHANNELS = [
    {
        "name": "电子邮件",
        "sent": 42,
        "failed": 2,
        "refused": 1,
        "unknown": 1,
        "waiting": 3,
        "half": 2.4,
        "most": 1500.0,
    }
]
FIGURES = {
    "channels": CHANNELS,
    **dict.fromkeys(("open", "overdue", "raised", "today", "to_tell", "failed", "set_aside"), 3),
    **dict.fromkeys(("placed", "done", "rated", "content", "reopened"), 2),
    "first": "11-23",
    "last": "11-29",
}
IN_CHINESE: dict[str, object] = {
    "number": "A-2026-0012",
    "kind": "诉求",
    "words": "三号院门口的路灯不亮，晚上老人出门看不清路",
    "place": "三号院东门",
    "category": "供电照明",
    "grid": "第三网格",
    "handler": "供电所",
    "member": "党员甲",
    "deadline": "2026-12-03T10:30:00+00:00",
    "reason": "灯杆要换，材料已到",
    "community": "示范社区",
    "desk_phone": "0893-0000000",
    "timezone": "Asia/Shanghai",
    "locale": "zh-CN",
    "round": 3,
    "link": LINK,
    "resident_name": "居民乙",
    "resident_phone": "13800000000",
    "until": "2026-12-15",
    "instead": "请到县供电公司营业厅办理",
    "other": "A-2026-0007",
    "grade": "basically",
    "solved": True,
    "groups": ["商户一群", "居民二群"],
    "clock": "办结",
    "due": "2026-12-03T10:30:00+00:00",
    "rung": "网格党支部",
    "count": 12,
    "daily": False,
    "lines": LINES,
    "figures": FIGURES,
    "target": "50000.00",
    "raised": "52000.00",
    "spent": "51000.00",
    "left": "1000.00",
    "voucher": "收据 12",
    "yuan": "1234.50",
    "points": 12,
    "today": "2026-11-28",
    "urgency": "normal",
    "title": "停水通知",
    "said": "九月十五日上午检修管道，第三网格停水，请提前存水。",
}
IN_ENGLISH: dict[str, object] = {
    **IN_CHINESE,
    "kind": "request",
    "title": "No water on Tuesday",
    "said": "Pipes are repaired on 15 September in the morning. Please store water.",
    "words": "The street light at the gate is out",
    "place": "East gate, yard 3",
    "category": "Street lights",
    "grid": "Grid 3",
    "handler": "Power station",
    "member": "Member One",
    "reason": "The pole has to be replaced",
    "community": "Example Community",
    "locale": "en",
    "voucher": "receipt 12",
    "resident_name": "Resident Two",
    "instead": "the county's power office",
    "groups": ["Merchants 1", "Residents 2"],
    "clock": "finish",
    "rung": "the grid's branch",
    "figures": {**FIGURES, "channels": [{**CHANNELS[0], "name": "Mail"}]},
    "lines": [
        {
            **LINES[0],
            "words": "The street light",
            "clock": "finish",
            "name": "Grid 3",
            "what": "overdue",
        }
    ],
}


def examples(locale: str) -> Mapping[str, object]:
    """All that templates may use, in the language of a locale; Chinese where we have no other."""
    return IN_ENGLISH if locale == "en" else IN_CHINESE


def examples_for(event: Event, audience: Audience, locale: str) -> Mapping[str, object]:
    """What the template of one message is given."""
    return only_given(event, audience, examples(locale))
