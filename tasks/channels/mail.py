"""A letter over SMTP: Apprise's mailto:// and mailtos://, with the reply that Apprise keeps to itself."""

from __future__ import annotations

import re
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from hashlib import sha256

from apprise.plugins.email.base import NotifyEmail, PGPMode
from apprise.plugins.email.common import SecureMailMode

from tasks.channels.outcome import ACCEPTED, LOST, NO_CONNECTION, TIMEOUT, Outcome
from tasks.clock import utc_now
from tasks.models.enums import MessageState
from tasks.rendering import Text

# RFC 3463, for good: no such mailbox, no such domain, no address, moved, no mail wanted (RFC 7505), disabled.
_NOBODY_THERE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1"})
_DETAIL = re.compile(r"(?<![\d.])5\.\d\.\d{1,3}(?!\.?\d)")
_NO_SUCH_USER = re.compile(
    r"(no such|unknown|invalid) (local )?(user|recipient|mailbox|address|account)|"
    r"(user|recipient|mailbox|address|account)( is)? (unknown|unavailable|not found|disabled)|"
    r"no mailbox|does(n't| not) exist|not exist|(用户|邮箱|收件人|帐号|账号)(不存在|已停用)|无此用户"
)
_OUR_TROUBLE = re.compile(
    r"relay|rcpthosts|sender|helo|frequen|limit|too many|spam|block|black ?list|policy|auth|频率|限制|垃圾|发件人"
)
PATIENCE = 15.0  # seconds for each reply; a server that scans what it is handed takes its time


def is_plain(plugin: NotifyEmail) -> bool:
    """Whether it is one letter to one address; copies and encryption stay Apprise's business."""
    return not (plugin.cc or plugin.bcc or plugin.pgp_mode != PGPMode.NONE)


def deliver(plugin: NotifyEmail, address: str, text: Text, key: str) -> Outcome:
    """Hands a letter to the URL's server, for `address` or, without one, for the URL's own."""
    target = address or next((place for _name, place in plugin.targets), "")
    try:
        target.encode("ascii")
        letter = _letter(plugin, target, text, key).as_bytes()
    except (ValueError, IndexError, MessageError):  # CR LF, two in one, none, one beyond ASCII
        return Outcome(MessageState.REFUSED, "bad_address", bad_address=bool(target))
    try:
        with _connected(plugin) as server:
            _greet(plugin, server)
            return _address(server, str(plugin.from_addr[1]), target) or _hand_over(server, letter)
    except smtplib.SMTPResponseException as error:  # at the door: no letter was shown yet
        return _judge(error.smtp_code, is_down=True)
    except smtplib.SMTPNotSupportedError:
        return Outcome(MessageState.REFUSED, "smtp_not_supported", is_down=True)
    except OSError as error:
        return replace(TIMEOUT, state=MessageState.FAILED) if _is_late(error) else NO_CONNECTION


def _letter(plugin: NotifyEmail, target: str, text: Text, key: str) -> EmailMessage:
    letter = EmailMessage(policy=SMTP.clone(cte_type="7bit"))
    name, sender = plugin.from_addr[0], str(plugin.from_addr[1])
    for header, value in plugin.headers.items():
        letter[header] = value
    letter["Subject"] = " ".join(text.subject.split())
    letter["From"] = Address(" ".join(str(name or "").split()), addr_spec=sender)
    letter["To"] = Address(addr_spec=target)
    if plugin.reply_to:
        letter["Reply-To"] = [
            Address(str(who or ""), addr_spec=place) for who, place in plugin.reply_to
        ]
    letter["Date"] = format_datetime(utc_now())
    letter["Message-ID"] = f"<{sha256(key.encode()).hexdigest()[:32]}@{sender.rpartition('@')[2]}>"
    letter.set_content(text.body)
    return letter


@contextmanager
def _connected(plugin: NotifyEmail) -> Iterator[smtplib.SMTP]:
    """A connection that is closed whatever happens; a server that is slow to part changes nothing."""
    host, port, timeout = plugin.smtp_host, int(plugin.port or 0), plugin.socket_connect_timeout
    server: smtplib.SMTP
    if plugin.secure_mode == SecureMailMode.SSL:
        server = smtplib.SMTP_SSL(host, port, timeout=timeout, context=_context(plugin))
    else:
        server = smtplib.SMTP(host, port, timeout=timeout)
    try:
        yield server
    finally:
        server.close()


def _context(plugin: NotifyEmail) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not plugin.verify_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _greet(plugin: NotifyEmail, server: smtplib.SMTP) -> None:
    """Says who we are; raises where the server will not have us."""
    assert server.sock is not None
    server.sock.settimeout(PATIENCE)
    if plugin.secure_mode == SecureMailMode.STARTTLS:
        server.starttls(context=_context(plugin))
    server.ehlo_or_helo_if_needed()
    if plugin.user and plugin.password:
        server.login(plugin.user, plugin.password)


def _address(server: smtplib.SMTP, sender: str, target: str) -> Outcome | None:
    """Names sender and recipient; an outcome where one of them is refused."""
    code, _words = server.mail(sender)
    if not 200 <= code < 300:
        return _judge(code)
    code, words = server.rcpt(target)
    if not 200 <= code < 300:
        nobody_there = code >= 500 and _says_nobody_there(words, target)
        return replace(_judge(code), bad_address=nobody_there)
    return None


def _says_nobody_there(words: bytes, target: str) -> bool:
    """Whether RCPT was refused for the address's sake; a bare 550 may be about us, or about today."""
    said = words.decode(errors="replace").casefold()
    if detail := _DETAIL.search(said):
        return detail.group() in _NOBODY_THERE
    said = " ".join(said.replace(target.casefold(), " ").split())
    return bool(_NO_SUCH_USER.search(said)) and not _OUR_TROUBLE.search(said)


def _hand_over(server: smtplib.SMTP, letter: bytes) -> Outcome:
    """From here on a silence is a doubt: the server may have the letter."""
    try:
        code, _words = server.data(letter)
    except smtplib.SMTPDataError as error:
        return _judge(error.smtp_code)
    except OSError as error:
        return TIMEOUT if _is_late(error) else LOST
    if 200 <= code < 300:
        _part(server)
        return ACCEPTED
    return _judge(code)


def _part(server: smtplib.SMTP) -> None:
    with suppress(OSError):  # it has the letter
        server.putcmd("quit")


def _is_late(error: OSError) -> bool:
    """Whether a reply did not come in time; smtplib wraps that into a broken connection."""
    return isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError)


def _judge(code: int, *, is_down: bool = False) -> Outcome:
    """By the first digit: 4 try again, 5 for good; 421 is a server that closes."""
    if not 400 <= code < 600:
        return Outcome(MessageState.FAILED, "nonsense", is_down=True)
    state = MessageState.FAILED if code < 500 else MessageState.REFUSED
    return Outcome(state, f"smtp_{code}", is_down=is_down or code == 421)
