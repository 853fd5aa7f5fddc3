"""What an evaluation found."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from hrnn.diagnostics import Finding
from hrnn.errors import DataError

_FRAMES = ("table", "pairs", "slices", "slice_pairs", "questions")
_FACTS = "report.json"


@dataclass(frozen=True)
class Report:
    """What was measured.

    Attributes:
        table: a row a MODEL and METRIC ("HR@10") with VALUE, LOW and HIGH (95 % bootstrap interval
            over users), N (held-out interactions) and LEAKED.
        pairs: a row a MODEL, OTHER and METRIC with DIFFERENCE (MODEL - OTHER), LOW and HIGH (paired
            bootstrap over users) and LEAKED, of either.
        slices: as ``table``, for each PART of each SLICE of the held-out interactions.
        slice_pairs: as ``pairs``, likewise.
        questions: a row a held-out interaction that is not cold: USER_ID, ITEM_ID, TIMESTAMP, and
            in a column a model the rank of the item (infinity for a miss).
        counts: users, too_short, trained, validated, held_out, tied_last, after_last, twins (rows
            only read, since they equal one that validates or is held out), between (rows only read,
            since they lie between one that validates and one held out), cold, seen_before,
            evaluated, evaluated_users, short_pool (fewer than 100 unseen items).
        trained_on: for each model, how many of the held-out interactions it was trained or
            validated on.
        findings: what has to be said beside the figures.
        heading: split, ranking, pool, seen rule and seed, in words.
    """

    table: pd.DataFrame
    pairs: pd.DataFrame
    slices: pd.DataFrame
    slice_pairs: pd.DataFrame
    questions: pd.DataFrame
    counts: Mapping[str, int]
    trained_on: Mapping[str, int]
    findings: tuple[Finding, ...]
    heading: str

    def save(self, folder: Path) -> None:
        """Write the report into a folder: a Parquet file a frame, and the rest as JSON, last."""
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FRAMES:
            getattr(self, name).to_parquet(folder / f"{name}.parquet")
        facts = {name: dict(getattr(self, name)) for name in ("counts", "trained_on")}
        facts |= {"findings": [asdict(one) for one in self.findings], "heading": self.heading}
        (folder / _FACTS).write_text(json.dumps(facts, ensure_ascii=False), encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> "Report":
        """Read what :meth:`save` wrote.

        Raises:
            DataError: the report is missing or damaged.
        """
        try:
            facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
            facts["findings"] = tuple(Finding(**one) for one in facts["findings"])
            frames = {name: pd.read_parquet(folder / f"{name}.parquet") for name in _FRAMES}
            return cls(**frames, **facts)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DataError(
                f"the figures cannot be read ({error}); evaluate the models again"
            ) from None

    def against(self, model: str, metric: str) -> pd.DataFrame:
        """Return OTHER, DIFFERENCE (model - OTHER), LOW and HIGH for each other model."""
        return _against(self.pairs, model, metric)[["OTHER", "DIFFERENCE", "LOW", "HIGH"]]

    def against_in(self, slice_name: str, model: str, other: str, metric: str) -> pd.DataFrame:
        """Return PART, DIFFERENCE (model - other), LOW and HIGH for each part of a slice."""
        own = self.slice_pairs[self.slice_pairs["SLICE"] == slice_name]
        found = _against(own, model, metric)
        return found.loc[found["OTHER"] == other, ["PART", "DIFFERENCE", "LOW", "HIGH"]]

    @property
    def leaked(self) -> bool:
        """Whether a model was trained or validated on an interaction that it is measured on."""
        return any(self.trained_on.values())


def _against(pairs: pd.DataFrame, model: str, metric: str) -> pd.DataFrame:
    """Return the differences that a model is in, as differences from it."""
    own = pairs[pairs["METRIC"] == metric]
    turned = own[own["OTHER"] == model].rename(
        columns={"MODEL": "OTHER", "OTHER": "MODEL", "LOW": "HIGH", "HIGH": "LOW"}
    )
    turned[["DIFFERENCE", "LOW", "HIGH"]] *= -1
    return pd.concat([turned, own[own["MODEL"] == model]], ignore_index=True)
