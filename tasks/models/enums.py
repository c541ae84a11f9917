"""The closed lists of the domain. Each member carries its Chinese word in `label`."""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A StrEnum whose members also have the Chinese word that forms and messages show."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member

    @classmethod
    def by_label(cls, label: str) -> Self:
        """The member that a form shows as `label`. Raises ValueError for a word that is none."""
        for member in cls:
            if member.label == label:
                return member
        raise ValueError(label)


class Kind(Labelled):
    APPEAL = "appeal", "诉求"
    SMALL_WISH = "small_wish", "微心愿"
    BIG_WISH = "big_wish", "大心愿"


PREFIXES = {Kind.APPEAL: "A", Kind.SMALL_WISH: "S", Kind.BIG_WISH: "B"}
WISHES = frozenset({Kind.SMALL_WISH, Kind.BIG_WISH})


class Status(Labelled):
    PLACED = "placed", "已点单"  # waits for the community to accept, decline or merge it
    ACCEPTED = "accepted", "社区已接单"  # waits for an assignment
    ASSIGNED = "assigned", "已派单"  # waits for the handler to take or return it
    TAKEN = "taken", "单位已接单"  # waits for a member to claim it
    CLAIMED = "claimed", "党员已接单"  # waits for contact, progress, completion
    DONE = "done", "已办结"  # waits for the resident's rating
    ON_HOLD = "on_hold", "挂起"  # waits for its date, or a coordinator
    IN_MEETING = "in_meeting", "提交联席会议"  # waits for a decision
    FUNDING = "funding", "筹集中"  # waits for receipts to reach the target
    CLOSED = "closed", "已评单"  # final, but can be reopened within the window
    DECLINED = "declined", "不予受理"  # final
    MERGED = "merged", "并单"  # final
    WITHDRAWN = "withdrawn", "撤单"  # final


OPEN = frozenset(Status) - {Status.CLOSED, Status.DECLINED, Status.MERGED, Status.WITHDRAWN}

WAITING_FOR = {
    Status.PLACED: "待受理",
    Status.ACCEPTED: "待派单",
    Status.ASSIGNED: "待单位接单",
    Status.TAKEN: "待认领",
    Status.CLAIMED: "办理中",
    Status.DONE: "待评价",
    Status.ON_HOLD: "挂起",
    Status.IN_MEETING: "待会议",
    Status.FUNDING: "筹集中",
}


class Action(Labelled):
    PLACE = "place", "点单"
    ACCEPT = "accept", "受理"
    DECLINE = "decline", "不予受理"
    MERGE = "merge", "并单"
    ASSIGN = "assign", "派单"
    REASSIGN = "reassign", "改派"
    TAKE = "take", "单位接单"
    RETURN = "return", "退单"
    CLAIM = "claim", "认领"
    RELEASE = "release", "退回"
    CONTACT = "contact", "已联系"
    REPORT = "report", "进展"
    ASK_EXTENSION = "ask_extension", "申请延期"
    APPROVE_EXTENSION = "approve_extension", "批准延期"
    REFUSE_EXTENSION = "refuse_extension", "不批准延期"
    HOLD = "hold", "挂起"
    RESUME = "resume", "恢复"
    REFER = "refer", "提交会议"
    SEND_BACK = "send_back", "退回一线"
    APPOINT = "appoint", "会议指派"
    REFUSE = "refuse", "会议不同意"
    MOVE_MONEY = "move_money", "转用款项"
    OPEN_FUNDING = "open_funding", "开始筹集"
    PLEDGE = "pledge", "认领资助"
    RECEIVE = "receive", "到账"
    SPEND = "spend", "支出"
    COMPLETE_FUNDING = "complete_funding", "筹足"
    FAIL_FUNDING = "fail_funding", "未筹足"
    FINISH = "finish", "办结"
    RATE = "rate", "评价"
    EXPIRE = "expire", "逾期未评"
    REOPEN = "reopen", "重办"
    WITHDRAW = "withdraw", "撤单"


class Urgency(Labelled):
    NORMAL = "normal", "一般"
    GREEN = "green", "绿色通道"  # what visits and patrols bring: shorter limits
    URGENT = "urgent", "紧急"  # 24 hours by the wall clock


class ClockKind(Labelled):
    """What an order has a deadline for; each runs while the order is in certain statuses."""

    ACCEPT = "accept", "受理"
    TAKE = "take", "单位接单"
    REFER = "refer", "提交会议"
    CLAIM = "claim", "党员认领"
    CONTACT = "contact", "联系居民"
    FINISH = "finish", "办结"
    OPEN_CLAIM = "open_claim", "等人认领"
    FUNDING = "funding", "筹集"


class Source(Labelled):
    DESK = "desk", "窗口"
    PHONE = "phone", "电话"
    CHAT = "chat", "微信群"
    VISIT = "visit", "入户走访"
    PATROL = "patrol", "安全巡查"
    LIVE = "live", "直播"
    PORTAL = "portal", "网页"
    IMPORT = "import", "导入"


class Grade(Labelled):
    SATISFIED = "satisfied", "满意"
    BASICALLY = "basically", "基本满意"
    UNSATISFIED = "unsatisfied", "不满意"


class PledgeKind(Labelled):
    MONEY = "money", "资金"
    GOODS = "goods", "物资"
    LABOUR = "labour", "劳务"


class Entry(Labelled):
    """A line in the books of a big wish."""

    PLEDGED = "pledged", "认领"
    RELEASED = "released", "不再认领"  # what had not come in when the wish ended
    RECEIVED = "received", "到账"
    SPENT = "spent", "支出"
    MOVED_OUT = "moved_out", "转出"
    MOVED_IN = "moved_in", "转入"


class MeetingKind(Labelled):
    JOINT = "joint", "联席会议"  # settles what the front line could not
    WEEKLY = "weekly", "周例会"


class MatterKind(Labelled):
    """Why something is on a meeting's agenda."""

    REFERRED = "referred", "提交会议的订单"
    BIG_WISH = "big_wish", "大心愿立项"
    UNDER_TARGET = "under_target", "没有筹足的大心愿"
    RAISED = "raised", "上报到社区大党委以上的订单"
    EXTENSION = "extension", "申请延期"
    FOLLOW_UP = "follow_up", "以前交办、还没办完"


class Decision(Labelled):
    SEND_BACK = "send_back", "退回一线"
    APPOINT = "appoint", "指派牵头单位"
    REFUSE = "refuse", "不同意"
    OPEN_FUNDING = "open_funding", "开始筹集"
    APPROVE = "approve", "同意"  # an extension
    DONE = "done", "已办完"  # what had been assigned
    GO_ON = "go_on", "继续办"
    PUT_OFF = "put_off", "以后再议"  # moves nothing; the next meeting decides


class TaskKind(Labelled):
    """What a meeting gives somebody to do, besides its orders."""

    KEY_TASK = "key_task", "重点任务"
    PROBLEM = "problem", "问题清单"
    ASSIGNMENT = "assignment", "交办事项"


class PointRule(Labelled):
    """Why points were earned or lost."""

    SERVICE = "service", "办结"
    LATE = "late", "超期"
    REVERSAL = "reversal", "重办冲回"
    CORRECTION = "correction", "更正"  # by hand, with a reason and a second person


class Board(Labelled):
    """Who is ranked."""

    MEMBERS = "members", "党员"
    TEAMS = "teams", "队伍"
    UNITS = "units", "单位"


class Role(Labelled):
    """In which capacity somebody acts. Declared, not proven: Prefect's forms have no login."""

    STAFF = "staff", "社区干部"
    HANDLER = "handler", "承办方"
    MEMBER = "member", "党员"
    RESIDENT = "resident", "居民"
    SYSTEM = "system", "系统"


class Purpose(Labelled):
    PRODUCTION = "production", "正式"
    DEMO = "demo", "演示"
    TEST = "test", "测试"


class Audience(Labelled):
    RESIDENT = "resident", "居民"
    HANDLER = "handler", "承办方"
    MEMBER = "member", "党员"
    COORDINATORS = "coordinators", "社区干部"
    GROUPS = "groups", "群"
    LADDER = "ladder", "五级组织"
    DONOR = "donor", "资助方"


class TargetKind(Labelled):
    """To whom coordinators say something that is of no single order."""

    ALL = "all", "全体居民"
    GRID = "grid", "网格"
    GROUP = "group", "群"
    MEMBERS = "members", "党员"
    UNITS = "units", "单位"


class Event(Labelled):
    """What somebody is told about; the template's folder has this name."""

    ORDER_PLACED = "order_placed", "已收到"
    ORDER_ACCEPTED = "order_accepted", "已受理"
    ORDER_ASSIGNED = "order_assigned", "已派单"
    ORDER_TAKEN_AWAY = "order_taken_away", "已改派"
    ORDER_RETURNED = "order_returned", "被退单"
    ORDER_RELEASED = "order_released", "党员退回"
    ORDER_CLAIMED = "order_claimed", "已认领"
    HELP_ASKED = "help_asked", "请帮忙"
    ORDER_PROGRESS = "order_progress", "有进展"
    ORDER_HELD = "order_held", "已挂起"
    ORDER_EXTENDED = "order_extended", "已延期"
    ORDER_DONE = "order_done", "已办结"
    ORDER_RATED = "order_rated", "已评价"
    ORDER_REOPENED = "order_reopened", "重办"
    ORDER_UNSATISFIED = "order_unsatisfied", "三轮仍不满意"
    ORDER_DECLINED = "order_declined", "不予受理"
    ORDER_MERGED = "order_merged", "已并单"
    ORDER_WITHDRAWN = "order_withdrawn", "已撤单"
    WISH_OPEN = "wish_open", "心愿待认领"
    WISH_FUNDED = "wish_funded", "心愿已筹足"
    MONEY_SPENT = "money_spent", "款项已支出"
    MONEY_MOVED = "money_moved", "款项已转用"
    WISH_FULFILLED = "wish_fulfilled", "心愿已实现"
    ORDER_DUE_SOON = "order_due_soon", "快到期"
    ORDER_OVERDUE = "order_overdue", "已超期"
    ORDER_ESCALATED = "order_escalated", "超期上报"
    DIGEST = "digest", "多件合并提醒"
    RATING_REMINDER = "rating_reminder", "提醒评价"
    MEETING_AGENDA = "meeting_agenda", "会议议程"
    DAILY_BRIEF = "daily_brief", "每日简报"
    WEEKLY_BRIEF = "weekly_brief", "每周简报"
    BROADCAST = "broadcast", "群众发声"


BY_THE_CLOCK = frozenset({Event.ORDER_DUE_SOON, Event.ORDER_OVERDUE, Event.ORDER_ESCALATED})
BRIEFS = frozenset({Event.DAILY_BRIEF, Event.WEEKLY_BRIEF, Event.MEETING_AGENDA})
UNHURRIED = BY_THE_CLOCK | BRIEFS | {Event.DIGEST, Event.RATING_REMINDER, Event.BROADCAST}
"""What nobody is woken for, unless its order (or the broadcast) is urgent; nor for anything that goes up the ladder."""

MUST_BE_TOLD = frozenset(
    {
        Event.ORDER_PLACED,  # the receipt, with the number
        Event.ORDER_DONE,  # with the link to rate it
        Event.ORDER_DECLINED,
        Event.ORDER_MERGED,  # the number that they know has ended
        Event.ORDER_WITHDRAWN,
    }
)
"""What nobody can decline, nor have put into a digest, nor waits for what may come in the next minutes.
An event that tells somebody of their own data belongs here too."""


class MessageState(Labelled):
    QUEUED = "queued", "待发"  # on the by-hand channel: waits for a person to tell it
    SENDING = "sending", "发送中"  # leased by a sender
    ACCEPTED = "accepted", "已交给渠道"
    DELIVERED = "delivered", "已告知"
    FAILED = "failed", "失败待重试"
    UNKNOWN = "unknown", "不确定"  # the sender died or the provider timed out: it may have arrived
    REFUSED = "refused", "被拒"  # final, with the provider's reason
    SUPPRESSED = "suppressed", "不必发"  # nobody to send it to, or a newer one says more
    EXPIRED = "expired", "过时未发"  # it was no longer worth saying before it could be said
    DEAD = "dead", "发不出"  # there is no text to say: its template is broken


TO_BE_TOLD = frozenset({MessageState.QUEUED, MessageState.FAILED})
IN_THE_HOUSE = TO_BE_TOLD | {MessageState.SENDING}
