"""Cutting interactions into sessions, and what the choice of a timeout does."""

from hrnn.sessions.hint import GapPart, TimeoutHint
from hrnn.sessions.segmentation import MINUTE_US, Sessions, check_timeout, gaps_minutes, segment
from hrnn.sessions.suggestion import suggest_timeout
from hrnn.sessions.sweep import default_minutes, sweep_timeouts

__all__ = [
    "MINUTE_US",
    "GapPart",
    "Sessions",
    "TimeoutHint",
    "check_timeout",
    "default_minutes",
    "gaps_minutes",
    "segment",
    "suggest_timeout",
    "sweep_timeouts",
]
