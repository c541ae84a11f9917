"""Short messages through a gateway that takes an approved template and its variables: sms://USER:SECRET@HOST/PATH.

Mainland operators carry no free text: a signature, a template that was approved, and values for its gaps.
The gateway takes one POST of JSON with `phone`, `sign`, `template`, `params` and `out_id`, and answers with a
`code`, in the words of Aliyun or of Tencent Cloud.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import httpx

from tasks.channels.codes import said
from tasks.channels.errand import Errand, origin, plug_in
from tasks.channels.outcome import ACCEPTED, BAD_URL, NO_ADDRESS, NONSENSE, Outcome
from tasks.channels.signing import signature
from tasks.channels.web import Answer, call, judge_status
from tasks.models.enums import MessageState
from tasks.rendering import Short

SCHEME = "sms"
TIMEOUT = 10.0
AN_HOUR = 3600.0

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_TOO_MANY = Outcome(MessageState.FAILED, "too_many", AN_HOUR)  # to this phone; others go on
_LIMIT = Outcome(MessageState.FAILED, "sms_limit", AN_HOUR, is_down=True)  # of the whole account
_BUSY = Outcome(MessageState.FAILED, "provider_busy", is_down=True)
_BAD_PHONE = Outcome(MessageState.REFUSED, "bad_phone", bad_address=True)
# Who has asked for no more, by any reason.
_BLOCKED = Outcome(MessageState.REFUSED, "phone_blocked", bad_address=True)
_FORBIDDEN = Outcome(MessageState.REFUSED, "words_forbidden")
_BAD_TEMPLATE = Outcome(MessageState.REFUSED, "bad_sms_template")  # this one; others may be right
# Whoever waits for money or a key waits long: each message goes another way at once, and the gateway rests.
_NO_MONEY = Outcome(MessageState.REFUSED, "no_money", is_down=True)
_NOT_US = Outcome(MessageState.REFUSED, "not_allowed", is_down=True)

# https://help.aliyun.com/document_detail/101346.html (SendSms) and
# https://cloud.tencent.com/document/api/382/59177 (API 3.0); a group's name stands for all that begin with it.
_MEANINGS: dict[str, Outcome] = {
    "OK": ACCEPTED,
    "isv.BUSINESS_LIMIT_CONTROL": _TOO_MANY,
    "isv.DAY_LIMIT_CONTROL": _LIMIT,
    "isv.MONTH_LIMIT_CONTROL": _LIMIT,
    "isp.SYSTEM_ERROR": _BUSY,
    "isv.MOBILE_NUMBER_ILLEGAL": _BAD_PHONE,
    "isv.BLACK_KEY_CONTROL_LIMIT": _FORBIDDEN,
    "isv.SMS_CONTENT_ILLEGAL": _FORBIDDEN,
    "isv.SMS_TEMPLATE_ILLEGAL": _BAD_TEMPLATE,
    "isv.SMS_SIGNATURE_ILLEGAL": _BAD_TEMPLATE,
    "isv.SMS_SIGN_ILLEGAL": _BAD_TEMPLATE,
    "isv.SMS_SIGNATURE_SCENE_ILLEGAL": _BAD_TEMPLATE,
    "isv.SIGN_STATE_ILLEGAL": _BAD_TEMPLATE,
    "isv.TEMPLATE_MISSING_PARAMETERS": _BAD_TEMPLATE,
    "isv.TEMPLATE_PARAMS_ILLEGAL": _BAD_TEMPLATE,
    "isv.PARAM_LENGTH_LIMIT": _BAD_TEMPLATE,
    "isv.AMOUNT_NOT_ENOUGH": _NO_MONEY,
    "isv.OUT_OF_SERVICE": _NO_MONEY,
    "isv.ACCOUNT_ABNORMAL": _NOT_US,
    "isv.ACCOUNT_NOT_EXISTS": _NOT_US,
    "isv.PRODUCT_UN_SUBSCRIPT": _NOT_US,
    "isv.DENY_IP_RANGE": _NOT_US,
    "isp.RAM_PERMISSION_DENY": _NOT_US,
    "SignatureDoesNotMatch": _NOT_US,
    "LimitExceeded": _TOO_MANY,
    "LimitExceeded.AppDailyLimit": _LIMIT,
    "RequestLimitExceeded": _BUSY,
    "InternalError": _BUSY,
    "InternalError.SigVerificationFail": _NOT_US,
    "FailedOperation.PhoneNumberInBlacklist": _BLOCKED,
    "FailedOperation.ContainSensitiveWord": _FORBIDDEN,
    "FailedOperation.TemplateIncorrectOrUnapproved": _BAD_TEMPLATE,
    "FailedOperation.SignatureIncorrectOrUnapproved": _BAD_TEMPLATE,
    "FailedOperation.InsufficientBalanceInSmsPackage": _NO_MONEY,
    "InvalidParameterValue.IncorrectPhoneNumber": _BAD_PHONE,
    "InvalidParameterValue": _BAD_TEMPLATE,
    "UnauthorizedOperation": _NOT_US,
    "AuthFailure": _NOT_US,
}


def tell(errand: Errand, meta: Mapping[str, Any]) -> Outcome:
    """Asks the gateway of the URL for one short message to one mainland mobile."""
    given, short = meta.get("qsd") or {}, errand.text.short
    if not meta.get("host"):
        return BAD_URL
    if not _MOBILE.fullmatch(errand.address):
        return NO_ADDRESS
    if short is None:
        return Outcome(MessageState.REFUSED, "no_sms_template")
    body = _body(errand, short)
    user = meta.get("user")
    answer = call(
        origin(meta["host"], meta.get("port"), given) + str(meta.get("fullpath") or "/"),
        httpx.Timeout(TIMEOUT),
        content=body,
        headers={"Content-Type": "application/json", **signature(body)},
        auth=(user, meta.get("password") or "") if user else None,
    )
    return answer if isinstance(answer, Outcome) else judge(answer)


def _body(errand: Errand, short: Short) -> bytes:
    content = {
        "phone": errand.address,
        "sign": short.sign,
        "template": short.template,
        "params": dict(short.params),
        "out_id": errand.key,
    }
    return json.dumps(content, ensure_ascii=False).encode()


def judge(answer: Answer) -> Outcome:
    """The gateway's code decides where there is one, and else the status."""
    by_status = judge_status(answer)
    answered = said(answer.body)
    code = answered.get("code", answered.get("Code"))
    if answer.status >= 429 or not isinstance(code, str):
        return by_status if by_status.state is not MessageState.ACCEPTED else NONSENSE
    meaning = _meaning(code)
    if meaning is ACCEPTED and by_status.state is not MessageState.ACCEPTED:
        return by_status
    return meaning


def _meaning(code: str) -> Outcome:
    """What is not listed is a refusal of this message; kept by its name, where it can be one and no echo."""
    name = "OK" if code.upper() == "OK" else code
    known = _MEANINGS.get(name) or _MEANINGS.get(name.partition(".")[0])
    said = name if re.fullmatch(r"[A-Za-z_.]{1,32}", name) else "unreadable"
    return known or Outcome(MessageState.REFUSED, f"errcode_{said}")


plug_in(SCHEME, "SMS gateway", tell)
