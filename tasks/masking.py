"""Phones and mail addresses made unreadable in what is shown to whoever looks after the machine."""

from __future__ import annotations

import re
from collections.abc import Collection

_MAIL = re.compile(r"([\w.+-]+)@([\w-]+(?:\.[\w-]+)*)(\.[A-Za-z]{2,})")
_NO_LETTER_BEFORE, _NO_LETTER_AFTER = r"(?<![A-Za-z0-9_])", r"(?![A-Za-z0-9_])"
_PHONES = (
    r"(?:\+?86[- ]?)?1[3-9]\d(?:[- ]?\d{4}){2}",  # a mobile, with or without blanks
    r"0\d{2,3}[- ]?\d{7,8}",  # a landline
    r"\+\d{1,3}(?:[- ]?\d{1,7}){2,5}",  # from abroad
    r"(?<![-/])\d{7,}(?!-)",  # anything else so long: a local number, an identity card
)
_PHONE = re.compile(f"{_NO_LETTER_BEFORE}(?:{'|'.join(_PHONES)}){_NO_LETTER_AFTER}")


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
