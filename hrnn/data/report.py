"""What an import kept, dropped and found odd."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import overload

import pyarrow as pa
import pyarrow.parquet as pq

from hrnn.data.arrow import pc
from hrnn.words import plural

#: Lines kept with a warning, at most; its count is always whole.
WARNED_LINES = 1000

_REJECTED = pa.schema(
    [("line", pa.int64()), ("column", pa.string()), ("text", pa.string()), ("reason", pa.string())]
)


@dataclass(frozen=True)
class Rejected:
    """A row left out: its physical line, the column and text at fault, the reason."""

    line: int
    column: str
    text: str
    reason: str


class RejectedRows(Sequence[Rejected]):
    """The rows left out, in order of their lines; made into objects only when asked for."""

    def __init__(self, table: pa.Table | None = None) -> None:
        self.table = _REJECTED.empty_table() if table is None else table.cast(_REJECTED)

    def __len__(self) -> int:
        return self.table.num_rows

    @overload
    def __getitem__(self, index: int) -> Rejected: ...
    @overload
    def __getitem__(self, index: slice) -> "RejectedRows": ...
    def __getitem__(self, index: int | slice) -> "Rejected | RejectedRows":
        if isinstance(index, slice):
            rows = pa.array(range(*index.indices(len(self))), pa.int64())  # typed, if empty too
            return RejectedRows(self.table.take(rows))
        if not -len(self) <= index < len(self):
            raise IndexError(index)
        return Rejected(**self.table.slice(index % len(self), 1).to_pylist()[0])

    def __iter__(self) -> Iterator[Rejected]:
        for batch in self.table.to_batches(max_chunksize=10_000):
            for row in batch.to_pylist():
                yield Rejected(**row)

    def by_reason(self) -> dict[str, int]:
        """Rows for each reason, most frequent first."""
        counts = pc.value_counts(self.table["reason"]).to_pylist()
        counts.sort(key=lambda one: (-one["counts"], one["values"]))
        return {one["values"]: one["counts"] for one in counts}


#: Warnings of readings that may be wrong.
_GUESSES = ("AMBIGUOUS_DATES", "MIXED_TIME_UNITS", "COUNTED_DAYS", "ENCODING_GUESSED")


@dataclass(frozen=True)
class Warned:
    """Something odd in a log: a code, a sentence, how many rows, the first lines."""

    code: str
    message: str
    count: int = 0
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class ColumnReading:
    """What a column of the file means (None: kept as it is) and how its text was read."""

    role: str | None
    how: str

    def __str__(self) -> str:
        return f"{self.role}: {self.how}" if self.role else self.how


@dataclass(frozen=True)
class ImportReport:
    """What became of a file.

    Attributes:
        accepted: interactions kept.
        duplicates: rows dropped because an earlier row equals them in every column.
        rejected: the rows that could not be read.
        warnings: what is odd, each once.
        columns: the file's columns in order, each with how it was read.
        separator, encoding: of a text file, else None.
        format: how the file was read, in words.
        rows: rows of the file.
        outcome_mode: what kind of outcomes there are, see :mod:`hrnn.data.outcomes`.
    """

    accepted: int
    duplicates: int
    rejected: RejectedRows
    warnings: tuple[Warned, ...]
    columns: Mapping[str, ColumnReading]
    separator: str | None = None
    encoding: str | None = None
    format: str = ""
    rows: int = field(default=0)
    outcome_mode: str = "positives"

    def column_of(self, role: str) -> str | None:
        """Name in the file of the column with this role, if there is one."""
        return next((name for name, one in self.columns.items() if one.role == role), None)

    def summary(self) -> str:
        """Say in one sentence what was kept and what was not."""
        parts = [f"{self.accepted:,} of {self.rows:,} rows kept"]
        if self.duplicates:
            parts.append(f"{plural(self.duplicates, 'exact duplicate')} dropped")
        if self.rejected:
            first = self.rejected[0]
            parts.append(
                f"{len(self.rejected):,} rejected (the first: line {first.line}, {first.reason})"
            )
        return "; ".join(parts)

    def caveats(self) -> list[str]:
        """Return what somebody has to hear who does not look at the report.

        That rows are gone, and what was guessed of the meaning of the others.
        """
        gone = bool(self.rejected) or self.duplicates > 0
        guessed = [one.message for one in self.warnings if one.code in _GUESSES]
        return [self.summary()] * gone + guessed

    def save(self, folder: Path) -> None:
        """Write ``report.json`` and ``rejected.parquet`` into a folder."""
        pq.write_table(self.rejected.table, folder / "rejected.parquet")
        plain = {
            "accepted": self.accepted,
            "duplicates": self.duplicates,
            "rows": self.rows,
            "warnings": [asdict(one) for one in self.warnings],
            "columns": {name: asdict(one) for name, one in self.columns.items()},
            "separator": self.separator,
            "encoding": self.encoding,
            "format": self.format,
            "outcome_mode": self.outcome_mode,
        }
        written = json.dumps(plain, ensure_ascii=False, indent=1)
        (folder / "report.json").write_text(written, encoding="utf-8")

    @classmethod
    def open(cls, folder: Path) -> "ImportReport":
        """Read what :meth:`save` wrote."""
        plain = json.loads((folder / "report.json").read_text(encoding="utf-8"))
        warnings = (
            Warned(**{**one, "lines": tuple(one["lines"])}) for one in plain.pop("warnings")
        )
        columns = {name: ColumnReading(**one) for name, one in plain.pop("columns").items()}
        rejected = RejectedRows(pq.read_table(folder / "rejected.parquet"))
        return cls(rejected=rejected, warnings=tuple(warnings), columns=columns, **plain)
