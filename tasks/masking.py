"""Phones and mail addresses made unreadable in what is shown to whoever looks after the machine."""

from __future__ import annotations

import re
from collections.abc import Collection

GONE = "•••"
_MAIL = re.compile(r"(?<![\w.+-])([\w.+-]+)@([\w-]+(?:\.[\w-]+)*)(\.[A-Za-z]{2,})")
_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_])"
_NO_UUID_BEFORE = r"(?<![0-9a-f]{4}-[0-9a-f]{4}-)"  # its last part may have the shape of a phone
_PHONES = (
    r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}",  # a mobile, with or without blanks
    r"0\d{2,3}[- ]?\d{7,8}",  # a landline
    r"\+\d{1,3}(?:[- ]?\d{1,7}){2,5}",  # from abroad
    r"(?<![-/])\d{7,}(?!-)",  # anything else so long: a local number, an identity card
)
_PHONE = re.compile(
    f"{_NO_LETTER_BEFORE}{_NO_UUID_BEFORE}(?:{'|'.join(_PHONES)}){_NO_LETTER_AFTER}"
)

_TOKEN = re.compile(r"([ASB]-\d{4}-\d{4,9}\.\d{1,3}\.)[A-Za-z0-9_-]{22}", re.ASCII)


def without_seal(text: str) -> str:
    """The text whose rating links lead nowhere: whoever reads it cannot rate with them."""
    return _TOKEN.sub(rf"\1{GONE}", text)


def masked(text: str, public: Collection[str] = ()) -> str:
    """The text with its phones as *******678 and its addresses as t**t@***t.com; `public` ones stay."""

    def hide_phone(found: re.Match[str]) -> str:
        phone = found.group()
        return phone if phone in public else f"*******{phone[-3:]}"

    return _PHONE.sub(hide_phone, _MAIL.sub(_hide_mail, text))


def _hide_mail(found: re.Match[str]) -> str:
    name, domain, top = found.groups()
    last = name[-1] if len(name) > 1 else ""
    return f"{name[0]}**{last}@***{domain[-1]}{top}"
