"""What can go wrong for a reason that somebody can act on. The class is the fact; its sentence stands once, here."""

from __future__ import annotations

from collections.abc import Sequence


class DiandanError(Exception):
    """A user's mistake or a refusal by the rules. `str()` is one whole sentence that says what to do."""

    sentence = "出错了。"

    def __init__(self, **facts: object) -> None:
        self.facts = facts
        # what was typed may hold halves of characters, which no terminal and no file takes
        super().__init__(self.sentence.format(**facts).encode(errors="replace").decode())


class BadInput(DiandanError):
    """Something typed is not usable: which field, and what would be right."""

    sentence = "“{field}”不对：{problem}"


class NotFilledIn(BadInput):
    """Something that is needed was left empty."""

    sentence = "“{field}”没有填，这一项必须填写。"


class BadFile(DiandanError):
    """A file that cannot be imported as it is."""

    sentence = "文件“{file}”{problem}"


class TooFar(DiandanError):
    """A deadline beyond all calendars."""

    sentence = "按这个日历，期限要到 {year} 年以后，请检查时限和上班时间。"


class BadRows(DiandanError):
    """Cells of a file that cannot be used; the first of them are told. Nothing was stored."""

    sentence = "{headline}{shown}"

    def __init__(self, *, file: str, mistakes: Sequence[object], most: int = 20) -> None:
        self.headline = f"文件“{file}”里有 {len(mistakes)} 处要改，什么都没有存："
        self.lines = [str(mistake) for mistake in mistakes[:most]]
        if len(mistakes) > most:
            self.lines.append(f"还有 {len(mistakes) - most} 处")
        super().__init__(headline=self.headline, shown="；".join(self.lines))


class UnknownOrder(DiandanError):
    """No order has this number."""

    sentence = "没有编号为“{number}”的订单，请核对编号（样式：A-2026-0001）。"


class UnknownMessage(DiandanError):
    """No message has this number."""

    sentence = "没有编号为 {id} 的消息，请用 diandan messages 核对。"


class MessageStands(DiandanError):
    """A message as it stands now is nobody's to mark."""

    sentence = "消息 {id} 不能“{what}”：{why}"


class UnknownBroadcast(DiandanError):
    """Nothing was said to many under this number."""

    sentence = "没有编号为 {id} 的群众发声，请用 diandan broadcast list 核对。"


class BroadcastOver(DiandanError):
    """Nothing of a broadcast waits any more, so nothing can be stopped."""

    sentence = "编号 {id} 的群众发声不用撤回：{why}"


class NoWish(DiandanError):
    """Wishes alone have books and open claims."""

    sentence = "{number} 是“{kind}”，不是心愿。"


class NoLongerEdited(DiandanError):
    """The words of a wish can be changed until somebody has it in hand."""

    sentence = "{number} 的内容不能再改：{why}"


class UnknownId(DiandanError):
    """An id or name that the community's configuration does not have."""

    sentence = "没有{what}“{id}”{hint}。"


class NotAllowed(DiandanError):
    """The lifecycle has no such action for the order as it stands."""

    sentence = "订单 {number} 现在是“{status}”，不能“{action}”；现在可以：{allowed}。"


class Refused(DiandanError):
    """The action exists, but a rule forbids it here."""

    sentence = "订单 {number} 不能“{action}”：{why}"


class StaleOrder(DiandanError):
    """Somebody else was faster: the order has moved on since it was looked at."""

    sentence = "订单 {number} 刚刚已有变化：{what}。请按现在的情况再办。"


class AlreadyClaimed(StaleOrder):
    """Somebody else has it in hand. Who it is stands there only for those who may know."""

    sentence = "订单 {number} 已经由{who}认领了。"


class UnknownMatter(DiandanError):
    """No meeting has this on its agenda."""

    sentence = "没有编号为 {matter} 的议题，请核对编号。"


class AlreadyDecided(DiandanError):
    """A matter is decided once."""

    sentence = "议题 {matter}（{about}）已经决定过：{decision}。"


class MatterMoot(DiandanError):
    """What a matter was about has been settled elsewhere."""

    sentence = "议题 {matter}（{about}）不用再议了：{why}"


class NotForThem(DiandanError):
    """The actor has no business with this order."""

    sentence = "“{who}”不能对订单 {number}“{action}”：{why}"


class UnknownLink(DiandanError):
    """A rating link that was never given out."""

    sentence = "这个评价链接不存在，请核对链接，或联系社区。"


class LateLink(DiandanError):
    """The rating window of this link has passed."""

    sentence = "评价期已过，这一轮不再接受评价；如有问题请联系社区。"


class UsedLink(DiandanError):
    """This round has been rated already."""

    sentence = "这一轮已经评价过了，谢谢您；如有变化请联系社区。"


class NewerDatabase(DiandanError):
    """The database was made by a newer release."""

    sentence = "数据库（版本 {found}）比本软件新，请升级软件后再启动。"


class OlderDatabase(DiandanError):
    """The database is of an older release and must be migrated first."""

    sentence = "数据库是旧版本（{found}），请先运行 diandan init 升级。"


class BadDatabase(DiandanError):
    """The database cannot be opened."""

    sentence = "打不开数据库 {url}：{problem}"


class WrongPurpose(DiandanError):
    """The database is marked for something else."""

    sentence = "这个数据库标记为“{purpose}”，{why}"


class BadTemplate(DiandanError):
    """A message template is missing or uses a value that it is not given."""

    sentence = "消息模板 {template} 有问题：{problem}"


class BadTemplates(DiandanError):
    """A community's own templates cannot be used as they are: a line for each mistake."""

    sentence = "{headline}{shown}"

    def __init__(self, lines: Sequence[str]) -> None:
        self.headline, self.lines = f"自己写的模板有 {len(lines)} 处要改：", list(lines)
        super().__init__(headline=self.headline, shown="；".join(lines))


class PortInUse(DiandanError):
    """Another program listens where the server should."""

    sentence = (
        "端口 {port} 已被占用：可能已经启动过一次；请先停掉它，或用 DIANDAN_PORT 换一个端口。"
    )


class UnsafeHost(DiandanError):
    """Listening beyond this machine without a password."""

    sentence = (
        "监听地址 {host} 会让别的机器也能进入：请先设置 DIANDAN_AUTH_STRING（用户名:密码），"
        "或者只用 127.0.0.1。"
    )


class NotRunning(DiandanError):
    """Nothing runs on this database that could be told anything."""

    sentence = "点单没有在这个数据库上运行，请先运行 diandan up。"


class OtherInstallation(DiandanError):
    """The Prefect server serves another database of ours."""

    sentence = (
        "这个 Prefect 服务器（PREFECT_API_URL）已经在为另一个点单数据库服务，请另用一个服务器。"
    )


class ServerFailed(DiandanError):
    """The Prefect server did not come up."""

    sentence = "Prefect 服务器没有启动成功，日志在 {log}。"
