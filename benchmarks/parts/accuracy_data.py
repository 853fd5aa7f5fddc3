"""The logs that accuracy is measured on: their rows, their split, and what they are called."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

import hrnn
from hrnn.data.cleaning import CleaningConfig, clean
from hrnn.data.outcomes import taken_as
from hrnn.synthetic import SyntheticConfig, generate
from hrnn.training.config import SplitConfig

_RATINGS = "ratings_positives_ge4_exact.parquet"
_CLICKS = "clicks_all.parquet"
_USERS, _SEED = 30_000, 0


@dataclass(frozen=True)
class Log:
    """A log, what is searched for it, what it is called, how it is split and ranked."""

    kind: str
    name: str
    data: hrnn.Interactions
    cut: SplitConfig
    rankings: tuple[str, ...]


def read_log(where: str) -> Log:
    """Read a log: "generated", or the folder of MovieLens 1M or of the Globo clicks."""
    if where == "generated":
        return _generated()
    folder = Path(where)
    if (folder / _RATINGS).exists():
        return _movielens(folder / _RATINGS)
    if (folder / _CLICKS).exists():
        return _globo(folder / _CLICKS)
    raise SystemExit(f"{folder} holds neither {_RATINGS} nor {_CLICKS}")


def _generated() -> Log:
    data = hrnn.read_interactions(generate(SyntheticConfig()).frame)
    cut = SplitConfig(split="last_session_out", timeout_minutes=25)
    return Log("generated", "generated, 600 users, cause 0.85, seed 0", data, cut, ("full",))


def _movielens(path: Path) -> Log:
    columns = {"USER_ID": "user_id", "ITEM_ID": "movie_id", "OUTCOME": "rating"}
    data = taken_as(hrnn.read_interactions(path, columns), "positives", 4)
    cut = SplitConfig(split="leave_last_out", timeout_minutes=24 * 60)
    return Log("movielens", "MovieLens 1M, ratings of 4 and 5", data, cut, ("full", "sampled"))


def _globo(path: Path) -> Log:
    """Keep items of 5 clicks and users of 5 sessions, then draw users; own ids are left out."""
    columns = {
        "USER_ID": "user_id",
        "ITEM_ID": "click_article_id",
        "TIMESTAMP": "click_timestamp",
        "SESSION_ID": None,
    }
    least = CleaningConfig(min_item_interactions=5, min_user_sessions=5, use_session_ids=False)
    data = clean(hrnn.read_interactions(path, columns), least).data
    drawn = np.random.default_rng(_SEED).choice(len(data.user_ids), _USERS, replace=False)
    data = data.take(np.isin(data.user_index, drawn))
    cut = SplitConfig(split="last_session_out", timeout_minutes=30)
    name = (
        f"Globo, {_USERS:,} users of 5 sessions or more (seed {_SEED}), items of 5 clicks or more"
    )
    return Log("globo", name, data, cut, ("full",))
