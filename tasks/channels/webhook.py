"""Another system's webhook: Apprise's json:// and jsons://, with the status that Apprise keeps to itself."""

from __future__ import annotations

import json

import httpx
from apprise.plugins.custom_json import NotifyJSON

from tasks.channels.errand import Errand
from tasks.channels.outcome import Outcome
from tasks.channels.signing import signature
from tasks.channels.web import call, judge_status


def post(plugin: NotifyJSON, given: Errand) -> Outcome:
    """Sends what Apprise would send, signed, with the recipient in the body and the key as X-Idempotency-Key.

    Redirects are refusals, and nothing is tried twice. Since the other side knows doubles by the key,
    a connection may be kept: one that breaks leaves no doubt that matters.
    """
    port = f":{plugin.port}" if plugin.port else ""
    body = json.dumps(_payload(plugin, given)).encode()
    headers = {
        "User-Agent": plugin.app_id,
        "Content-Type": "application/json",
        **plugin.headers,
        "X-Idempotency-Key": given.key,
        **signature(body),
    }
    connect, read = plugin.request_timeout
    answer = call(
        f"{'https' if plugin.secure else 'http'}://{plugin.host}{port}{plugin.fullpath}",
        httpx.Timeout(read, connect=connect),
        verify=plugin.verify_certificate,
        method=plugin.method,
        keeps=True,
        content=body,
        headers={name: value.encode() for name, value in headers.items()},
        params=plugin.params or None,
        auth=(plugin.user, plugin.password or "") if plugin.user else None,
    )
    return answer if isinstance(answer, Outcome) else judge_status(answer)


def _payload(plugin: NotifyJSON, given: Errand) -> dict[str, object]:
    """The body, in which the URL may add a value (:name=value), rename one or leave one out."""
    payload: dict[str, object] = {
        "version": plugin.json_version,
        "title": given.text.subject,
        "message": given.text.body,
        "attachments": [],
        "type": "info",
        "recipient": given.address,
    }
    for name, value in plugin.payload_extras.items():
        if name not in payload:
            payload[name] = value
        else:
            known = payload.pop(name)
            if value:
                payload[value] = known
    return payload
