"""Logs for measuring, generated without reading a file."""

import numpy as np
import pandas as pd
import pyarrow as pa

import hrnn

_A_USER, _A_SESSION = 100, 6
_WITHIN, _BETWEEN = 60, 86_400  # seconds


def plain_log(interactions: int, items: int = 3_000, seed: int = 0) -> hrnn.Interactions:
    """Make a loaded log of any size: about 100 interactions a user, 6 a session.

    Nothing in it can be learned. The arrays that a loaded log makes of its columns when they are
    first asked for are made.
    """
    random = np.random.default_rng(seed)
    users = interactions // _A_USER
    user = np.sort(random.integers(users, size=interactions, dtype=np.int32))
    item = (items * random.random(interactions) ** 2).astype(np.int32)
    opens = random.random(interactions) < 1 / _A_SESSION
    time_us = np.cumsum(np.where(opens, _BETWEEN, _WITHIN)) * 1_000_000
    none = pa.DictionaryArray.from_arrays(
        pa.nulls(interactions, pa.int32()), pa.array([], pa.string())
    )
    table = pa.table(
        {
            "USER_ID": _coded(user, "user", users),
            "ITEM_ID": _coded(item, "item", items),
            "TIMESTAMP": pa.array(time_us, pa.timestamp("us", "UTC")),
            "OUTCOME": pa.array(np.ones(interactions)),
            "SESSION_ID": none,
        }
    )
    few = pd.DataFrame({"USER_ID": ["u"], "ITEM_ID": ["i"], "TIMESTAMP": [0]})
    data = hrnn.Interactions(table, hrnn.read_interactions(few).report)
    _ = data.user_index, data.user_starts, data.item_index, data.time_us, data.outcome
    return data


def _coded(codes: np.ndarray, prefix: str, count: int) -> pa.DictionaryArray:
    return pa.DictionaryArray.from_arrays(
        pa.array(codes), pa.array([f"{prefix}{number}" for number in range(count)])
    )
