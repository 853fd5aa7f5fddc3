"""Times that need no pattern: whole Unix times, and ISO 8601 as most programs write it.

Long logs are read here, some ten thousand rows at once; a piece that holds anything else is left to
the patterns of :mod:`hrnn.data.timestamps`, which read every format and take twenty times as long.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from hrnn.data.arrow import pc

#: Codes of what a time was written in; an epoch below the bound is read in the unit. Seconds reach
#: the year 5138, milliseconds below 1e11 would lie before March 1973.
CODES = ("date", "s", "ms", "us", "ns")
PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
BOUNDS = {"s": 10**11, "ms": 10**14, "us": 10**17}
NOT_READ = len(CODES)
#: Times from 2 January of year 1 to 30 December 9999: what lies outside is a stand-in for "never",
#: and a day of room lets every zone name its local date.
EARLIEST_S, LATEST_S = -62_135_510_400, 253_402_214_400

_POWERS = 10 ** np.arange(1, 19, dtype=np.int64)
_PER_SECOND = np.array([1, *PER_SECOND.values()])
_LOWEST, _HIGHEST = (
    np.clip([0, *(bound * per for per in PER_SECOND.values())], -(2**63), 2**63 - 1).astype(int)
    for bound in (EARLIEST_S, LATEST_S - 1)
)
_ISO_HOUR_ONLY = 13  # 2024-03-01T12, which the patterns refuse
_FEW = 100
#: The zones that are read here, and the least length of a time with each.
_UTC = {"Z": 17, "+00:00": 22}
#: As many digits has yyyymmdd, with hhmm or hhmmss too.
_DATE_DIGITS = (8, 12, 14)


@dataclass(frozen=True)
class PlainTimes:
    """What was read.

    Attributes:
        us: int64 [rows], microseconds since the epoch.
        rest: float64 [rows] in [0, 1), what lies below a microsecond; None if nothing does.
        code: uint8 [rows], place in :data:`CODES`; NOT_READ where the patterns have to read.
        naive: how many carry no zone.
    """

    us: np.ndarray
    rest: np.ndarray | None
    code: np.ndarray
    naive: int


def read_plain(text: pa.ChunkedArray, unit: str | None) -> PlainTimes:
    """Read what can be read of a text column; blanks are not read.

    Args:
        text: the column.
        unit: of whole numbers; decided for each by its size if None.
    """
    us = np.zeros(len(text), np.int64)
    rest: np.ndarray | None = None
    code = np.full(len(text), NOT_READ, np.uint8)
    naive = at = 0
    for chunk in text.chunks:
        part = slice(at, at := at + len(chunk))
        found = _epochs(chunk, unit)
        if found is None:
            found = _dates(chunk, pa.timestamp("us"))
            naive += 0 if found is None else int((found[1] == 0).sum())
        if found is None:
            found = _dates(chunk, pa.timestamp("us", "UTC"))
        if found is None:
            continue
        us[part], code[part], below = found
        if below is not None and below.any():
            rest = np.zeros(len(text)) if rest is None else rest
            rest[part] = below
    return PlainTimes(us, rest, code, naive)


Read = tuple[np.ndarray, np.ndarray, np.ndarray | None]


def _epochs(chunk: pa.Array, unit: str | None) -> Read | None:
    """Read whole numbers; None if one is not, or may be a date such as 20240301."""
    whole = _cast(chunk, pa.int64())
    if whole is None:
        return None
    number = whole.fill_null(0).to_numpy(zero_copy_only=False)
    size = np.abs(number)
    digits = np.searchsorted(_POWERS, size, side="right") + 1
    length = pc.binary_length(chunk).fill_null(1).to_numpy(zero_copy_only=False)
    if (length != digits + (number < 0)).any():  # 0x10, or leading zeros, which a date may have
        return None
    if unit is not None:
        code = np.full(len(number), CODES.index(unit), np.uint8)
    elif np.isin(digits, _DATE_DIGITS).any():
        return None
    else:
        code = (1 + np.searchsorted([*BOUNDS.values()], size, side="right")).astype(np.uint8)
    if ((number < _LOWEST[code]) | (number > _HIGHEST[code])).any():
        return None
    per = _PER_SECOND[code]
    us = np.where(per <= 10**6, number * (10**6 // per), number // 1000)
    below = np.where(per > 10**6, number % 1000 / 1000, 0.0) if (per > 10**6).any() else None
    code[whole.is_null().to_numpy(zero_copy_only=False)] = NOT_READ
    return us, code, below


def _dates(chunk: pa.Array, kind: pa.DataType) -> Read | None:
    """Read ISO 8601, of UTC if the type has a zone; None if a value is anything else."""
    length = pc.binary_length(chunk)
    if kind.tz is None:
        fits = pc.not_equal(length, _ISO_HOUR_ONLY)
    else:
        fits = pc.or_(
            *(
                pc.and_(pc.ends_with(chunk, zone), pc.greater_equal(length, least))
                for zone, least in _UTC.items()
            )
        )
    if not pc.all(pc.or_(fits, pc.equal(length, 0))).as_py():
        return None
    time = _cast(chunk, kind)
    if time is None:
        return None
    us = time.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    if ((us < EARLIEST_S * 10**6) | (us >= LATEST_S * 10**6)).any():
        return None
    code = np.where(time.is_null().to_numpy(zero_copy_only=False), NOT_READ, 0)
    return us, code.astype(np.uint8), None


def _cast(chunk: pa.Array, kind: pa.DataType) -> pa.Array | None:
    """Cast text, blanks to nulls; None if one value does not fit."""
    if pc.any(pc.equal(pc.binary_length(chunk), 0)).as_py():
        chunk = pc.if_else(pc.equal(pc.binary_length(chunk), 0), None, chunk)
    try:
        chunk[:_FEW].cast(kind)  # Arrow goes on after a failure, and words each
        return chunk.cast(kind)
    except pa.ArrowInvalid:
        return None
