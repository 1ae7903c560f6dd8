"""Structured logs: one JSON object a line on standard error, with a fixed vocabulary of events.

Logs tell the operator how the gateway fares. They never hold payloads, passwords, hashes or bytes
from a peer; who did what is evidence and stands in the archive.
"""

from __future__ import annotations

import sys
import traceback
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

if TYPE_CHECKING:
    from typing import TextIO

    from structlog.typing import EventDict, FilteringBoundLogger


class LogEvent(StrEnum):
    """Every `event` that a log line can carry; docs/operating.md says what to do about each."""

    STARTING = "starting"
    FAILPOINT_ARMED = "failpoint_armed"
    RECOVERED = "recovered"
    LISTENING = "listening"
    READY = "ready"
    BIND_FAILED = "bind_failed"
    UPSTREAM_FOUND = "upstream_found"
    UPSTREAM_UNREACHABLE = "upstream_unreachable"
    LOGIN_NOT_RENEWED = "login_not_renewed"
    NODE_UNMAPPED = "node_unmapped"
    TOPICS_UNRESOLVED = "topics_unresolved"
    KEYS_FETCHED = "keys_fetched"
    KEYS_UNAVAILABLE = "keys_unavailable"
    DENY_LIST_LOADED = "deny_list_loaded"
    DENY_LIST_UNREADABLE = "deny_list_unreadable"
    CONTROL_UNAVAILABLE = "control_unavailable"
    CONNECTION_OPENED = "connection_opened"
    CONNECTION_CLOSED = "connection_closed"
    CONNECTION_REFUSED = "connection_refused"
    HANDSHAKE_FAILED = "handshake_failed"
    TLS_RELOADED = "tls_reloaded"
    TLS_RELOAD_FAILED = "tls_reload_failed"
    SYNC_LATE = "sync_late"
    SYNC_BACK = "sync_back"
    RECORDING_THROTTLED = "recording_throttled"
    RECORDING_STOPPED = "recording_stopped"
    RECORDING_RESUMED = "recording_resumed"
    POLICY_LOADED = "policy_loaded"
    POLICY_REFUSED = "policy_refused"
    TRAFFIC_LEVEL = "traffic_level"
    SEALER_STARTED = "sealer_started"
    SEALER_DIED = "sealer_died"
    SEALER_KILLED = "sealer_killed"
    DRAINING = "draining"
    DRAIN_TIMED_OUT = "drain_timed_out"
    DEFECT = "defect"
    STOPPED = "stopped"


def place_exception(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Show where an exception came from and its type, but not its text, which may quote a peer."""
    error = event.pop("exc_info", None)
    if error is True:
        error = sys.exception()
    if isinstance(error, BaseException):
        event["exception"] = type(error).__name__
        event["places"] = [
            f"{Path(place.filename).name}:{place.lineno} {place.name}"
            for place in traceback.extract_tb(error.__traceback__)
        ]
    return event


def put_event_first(_logger: object, _method: str, event: EventDict) -> EventDict:
    """Order a line for a reader's eye: when, what, then the facts."""
    front = {key: event.pop(key) for key in ("time", "level", "event")}
    return {**front, **event}


def open_log(stream: TextIO) -> FilteringBoundLogger:
    """Make the process' logger, which is handed to whoever logs; nothing global is set up."""
    logger: FilteringBoundLogger = structlog.wrap_logger(
        structlog.WriteLogger(stream),
        processors=[
            structlog.processors.add_log_level,
            place_exception,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
            put_event_first,
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger("info"),
        cache_logger_on_first_use=True,
    )
    return logger
