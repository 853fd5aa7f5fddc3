"""What moving the timeout costs: ours, pandas and the reference.

A log of 10 million interactions, about 100 a user, whose gaps have two humps on a log scale. At 20
timeouts, from 1 minute to 30 days, on one thread: cutting the log into sessions and reading what
the page's tiles read, which is the number of sessions, their lengths, the sessions of each user,
and the shares of sessions with one item and of users with two sessions. Loops are compiled before
the clock starts. pandas does the same with groupby, diff and cumsum on integer user ids, at every
fifth timeout. Nothing is kept from one timeout to the next.

The reference builds the sessions of a smaller log, 500,930 interactions; ours cuts it beside.

The sweep tries its default timeouts at once, and the suggestion includes its interval.

Prints one JSON object; takes about a minute.
"""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa

import hrnn
from benchmarks.parts.logs import plain_log
from benchmarks.parts.settings import TIMEOUT_MINUTES
from benchmarks.scale import COMPARED, of_reference
from hrnn.columns import TIMESTAMP

SIZE, SEED = 10_000_000, 0
TIMEOUTS = [round(one, 1) for one in np.geomspace(1, 43_200, 20).tolist()]
_WITHIN, _BETWEEN = (1.2, 1.2), (9.0, 2.2)  # mean and sd of the log2 of a gap's minutes
_A_SESSION = 6


def two_humped(interactions: int) -> hrnn.Interactions:
    """Make a loaded log whose gaps have two humps."""
    plain, random = plain_log(interactions, seed=SEED), np.random.default_rng(SEED)
    opens = random.random(interactions) < 1 / _A_SESSION
    gaps = np.where(
        opens, random.normal(*_BETWEEN, interactions), random.normal(*_WITHIN, interactions)
    )
    time_us = np.cumsum((np.exp2(gaps) * 60e6).astype(np.int64))
    place = plain.table.column_names.index(TIMESTAMP)
    times = pa.array(time_us, pa.timestamp("us", "UTC"))
    report = replace(plain.report, warnings=())  # that of its one row says that times are dates
    data = hrnn.Interactions(plain.table.set_column(place, TIMESTAMP, times), report)
    _ = data.user_index, data.user_starts, data.time_us
    return data


def ours(data: hrnn.Interactions, minutes: float) -> list[float]:
    """Cut a log and read what the tiles read."""
    sessions = hrnn.segment(data, minutes, use_session_ids=False)
    lengths, per_user = sessions.lengths, sessions.per_user
    single, two = (lengths == 1).mean(), (per_user > 1).mean()
    return [sessions.count, lengths.mean(), per_user.mean(), np.median(per_user), single, two]


def in_pandas(frame: pd.DataFrame, minutes: float) -> list[float]:
    """Do the same as a data scientist would."""
    gap = frame.groupby("user")["time"].diff()
    opens = gap.isna() | (gap > pd.Timedelta(minutes=minutes))
    session = opens.cumsum()
    lengths = session.groupby(session).size()
    per_user = opens.groupby(frame["user"]).sum()
    single, two = (lengths == 1).mean(), (per_user > 1).mean()
    return [len(lengths), lengths.mean(), per_user.mean(), per_user.median(), single, two]


def milliseconds(work: Callable[[], Any]) -> float:
    """Measure one call."""
    started = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - started)


def spread(times: list[float]) -> dict[str, float]:
    """Return what is said of some calls."""
    median, late = np.quantile(times, [0.5, 0.95]).tolist()
    return {"calls": len(times), "median_ms": round(median, 1), "p95_ms": round(late, 1)}


def main() -> None:
    """Move the timeout over the large log, then over the smaller one."""
    data = two_humped(SIZE)
    frame = pd.DataFrame({"user": data.user_index, "time": pd.to_datetime(data.time_us, unit="us")})
    few = TIMEOUTS[::5]
    for minutes in few:
        assert np.allclose(ours(data, minutes), in_pandas(frame, minutes))
    hrnn.suggest_timeout(data.slice(0, 100_000))  # compiled, or read from where it is kept
    hrnn.sweep_timeouts(data.slice(0, 100_000))
    figures = {
        "ours": spread([milliseconds(lambda m=m: ours(data, m)) for m in TIMEOUTS]),
        "segment_alone": spread(
            [milliseconds(lambda m=m: hrnn.segment(data, m, False)) for m in TIMEOUTS]
        ),
        "pandas": spread([milliseconds(lambda m=m: in_pandas(frame, m)) for m in few]),
    }
    sweep, hint = hrnn.sweep_timeouts(data), hrnn.suggest_timeout(data)
    sweeping = milliseconds(lambda: hrnn.sweep_timeouts(data))
    suggesting = milliseconds(lambda: hrnn.suggest_timeout(data))
    small, theirs = plain_log(COMPARED), of_reference()
    cutting = spread([milliseconds(lambda: ours(small, TIMEOUT_MINUTES)) for _ in range(20)])
    compared = {"interactions": COMPARED, "timeout_minutes": TIMEOUT_MINUTES, "ours": cutting}
    if theirs is not None:
        compared["reference_sessions_cpu_ms"] = round(1000 * theirs["sessions_cpu"])
    median = {who: one["median_ms"] for who, one in figures.items()}
    print(
        json.dumps(
            {
                "data": f"generated, {len(data):,} interactions, {len(data.user_ids):,} users,"
                f" gaps of two humps, seed {SEED}",
                "threads": 1,
                "timeouts": len(TIMEOUTS),
                **figures,
                "ratio_median_pandas_over_ours": round(median["pandas"] / median["ours"], 1),
                "sweep": {"timeouts": len(sweep), "seconds": round(sweeping / 1000, 2)},
                "suggestion": {
                    "seconds": round(suggesting / 1000, 2),
                    "low_minutes_high": [
                        one and round(one, 2) for one in (hint.low, hint.minutes, hint.high)
                    ],
                },
                "smaller_log": compared,
            }
        )
    )


if __name__ == "__main__":
    main()
