"""Recommendations on their way to the disk, part by part: as Parquet, and as CSV in a ZIP."""

import io
import json
import zipfile
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import IO, Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.columns import ITEM_ID, RANK, SCORE, USER_ID
from hrnn.data.export import inert

TITLE, MODEL, MADE_UTC = "TITLE", "MODEL", "MADE_UTC"
CSV, SETTINGS = "recommendations.csv", "settings.json"


class RecommendedFiles:
    """Two files that are there as a whole or not at all; nothing of them is held in memory.

    The Parquet file carries the facts as key-value metadata. A CSV has no such place, and lines of
    comments would break what reads it: its rows name the model and the time, and all facts are in
    a file beside it in the ZIP.

    Args:
        parquet, zipped_csv: where they come to lie.
        titles: item → title; without any there is no such column.
        facts: what is known of them, as JSON can hold it; "model" and "made_utc" stand in the
            rows of the CSV too.
    """

    def __init__(
        self, parquet: Path, zipped_csv: Path, titles: Mapping[str, str], facts: Mapping[str, Any]
    ) -> None:
        self._paths = (parquet, zipped_csv)
        self._titles, self._facts = titles, dict(facts)
        self._own = {MODEL: facts["model"], MADE_UTC: facts["made_utc"]}
        named = [pa.field(TITLE, pa.string())] if titles else []
        fields = [pa.field(name, pa.string()) for name in (USER_ID, ITEM_ID)]
        rank, score = pa.field(RANK, pa.int32()), pa.field(SCORE, pa.float32())
        self._schema = pa.schema([fields[0], rank, fields[1], *named, score], _as_text(facts))

    def __enter__(self) -> "RecommendedFiles":
        with ExitStack() as stack:
            stack.callback(self._remove_unfinished)
            parquet, zipped = map(_unfinished, self._paths)
            self._parquet = stack.enter_context(pq.ParquetWriter(parquet, self._schema))
            self._zip = stack.enter_context(
                zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED, compresslevel=6)
            )
            self._csv: IO[str] = stack.enter_context(
                io.TextIOWrapper(
                    self._zip.open(CSV, "w", force_zip64=True), "utf-8-sig", newline=""
                )
            )
            names = [*self._schema.names, *self._own]
            self._csv.write(",".join(names) + "\n")
            self._open = stack.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def write(self, part: pd.DataFrame) -> None:
        """Add some recommendations: USER_ID, RANK, ITEM_ID, SCORE."""
        if self._titles:
            part = part.assign(**{TITLE: part[ITEM_ID].map(self._titles.get)})
        part = part[self._schema.names]
        self._parquet.write_table(pa.Table.from_pandas(part, self._schema, preserve_index=False))
        safe, _ = inert(part.assign(**self._own))
        safe.to_csv(self._csv, index=False, header=False, lineterminator="\n")

    def keep(self, **more: Any) -> None:
        """Write what is known by now too, and put both files where they come to lie."""
        self._parquet.add_key_value_metadata(_as_text(more))
        self._csv.close()
        facts = json.dumps(self._facts | more, ensure_ascii=False, indent=1)
        self._zip.writestr(SETTINGS, facts)
        self._zip.close()
        self._parquet.close()
        for path in self._paths:
            _unfinished(path).replace(path)

    def _remove_unfinished(self) -> None:
        for path in self._paths:
            _unfinished(path).unlink(missing_ok=True)


def _as_text(facts: Mapping[str, Any]) -> dict[str, str]:
    return {
        name: one if isinstance(one, str) else json.dumps(one, ensure_ascii=False)
        for name, one in facts.items()
    }


def _unfinished(path: Path) -> Path:
    return path.with_name(f".{path.name}")
