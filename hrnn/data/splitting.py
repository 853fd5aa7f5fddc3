"""From a delimited text to clean records whose physical lines are known.

Every record that leaves here has exactly as many fields as the header and is plain RFC 4180 CSV in
UTF-8, so that whatever parses it next cannot disagree about where a record starts or ends. A long
text is cut block by block; a record that may go on in the next block is handed back for it.
"""

import csv
import io
import re
from dataclasses import dataclass

import numpy as np

from hrnn.data.text_table import Malformed

#: What a time or a long number is written with, six digits or more.
TIMED = re.compile(rb"(?=(?:\D*\d){6})[\d:.,+/\-\sTZAPMUCG]+", re.IGNORECASE)
#: A quoted field is no longer than so many bytes; what goes on without an end is a stray quote.
LONGEST_QUOTED = 1 << 20
_TIMED_ROWS = 100
_NEWLINE, _QUOTE = ord("\n"), ord('"')


@dataclass(frozen=True)
class Piece:
    """Records made clean.

    Attributes:
        body: RFC 4180 records in UTF-8, as wide as the header, cut at the splitter's separator.
        lines: int64 array, the physical line on which each record of ``body`` starts.
        malformed: the records left out.
        end: where the text goes on that belongs to the next block.
        next_line: its line.
    """

    body: bytes | memoryview
    lines: np.ndarray
    malformed: list[Malformed]
    end: int
    next_line: int


class Splitter:
    """Cuts one text at one separator; records with doubtful quotes one by one, others as arrays.

    A quote opens a field only at the field's start, and only if a closing quote stands right
    before a separator or a line end, but for blanks; any other quote is an ordinary character, so
    that one stray quote does not swallow the rows after it. Short records are padded with empty
    fields, blank lines skipped, empty extra fields dropped; records with more fields than the
    header are handed back as malformed.

    Args:
        text: UTF-8 with plain newlines.
        separator: one byte.
        shown: what that byte stands for, if for something else.
        longest_quoted: bytes in a quoted field, at most.
    """

    def __init__(
        self,
        text: bytes,
        separator: bytes,
        shown: bytes = b"",
        longest_quoted: int = LONGEST_QUOTED,
    ) -> None:
        self.text = text if text.endswith(b"\n") else text + b"\n"
        self.separator = separator
        self._shown = shown
        self._longest = longest_quoted
        one = re.escape(separator)
        blank = b"[ \t]*".replace(separator, b"")  # around the quotes
        quoted = blank + rb'("[^"]*(?:""[^"]*)*")' + blank + rb"(?=" + one + rb"|\n)"
        self._field = re.compile(quoted + rb"|[^\n" + one + rb"]*")
        self._plain = re.compile(rb"[^\n" + one + rb"]*")
        self._open_at = -longest_quoted - 1  # where the record just read had a quote nothing closes

    def record(self, position: int) -> tuple[list[bytes], int]:
        """Read the record that starts at ``position``; return its fields and where it ends."""
        return self._read(position, self._field)

    def shown(self, text: bytes) -> bytes:
        """Return part of the text with separators as they stand in the file."""
        return text.replace(self.separator, self._shown) if self._shown else text

    def _read(self, position: int, field: re.Pattern[bytes]) -> tuple[list[bytes], int]:
        text, fields = self.text, []
        self._open_at = -self._longest - 1
        while True:
            found = field.match(text, position)
            assert found is not None  # both patterns match the empty field
            if found.lastindex and len(found[1]) > self._longest:
                found = self._plain.match(text, position)
                assert found is not None
            value = found.group()
            if found.lastindex:
                value = found[1][1:-1].replace(b'""', b'"')
            elif field is self._field and value.lstrip()[:1] == b'"':
                self._open_at = position
            fields.append(self.shown(value))
            position = found.end()
            if text[position : position + 1] != self.separator:
                return fields, position + 1
            position += 1

    def _quoted(self, position: int, width: int, timed: list[int]) -> tuple[list[bytes], int]:
        """Read a record that holds quotes, distrusting one that would swallow sound rows."""
        fields, end = self.record(position)
        open_at = self._open_at
        if self.text.find(b"\n", position, end - 1) < 0 and len(fields) <= width:
            return fields, end
        first, at = plain = self._read(position, self._plain)
        sound = [_is_row(first, width, timed)]
        while at < end:
            one, at = self.record(at)
            open_at = max(open_at, self._open_at)
            sound.append(_is_row(one, width, timed))
        self._open_at = open_at
        # Where the first or the last column runs over lines, its last or first line is as wide as a
        # row; so those two count only together.
        swallows = any(sound[1:-1]) or (sound[0] and sound[-1]) if timed else all(sound)
        return plain if swallows else (fields, end)

    def timed_columns(self, position: int, width: int) -> list[int]:
        """Places of the columns that hold times or long numbers: a sound row shows by them.

        Text that runs over lines may by chance have as many separators in a line as a row has;
        that it also has a time at the right place is no chance.
        """
        counts, rows = [0] * width, 0
        while position < len(self.text) and rows < _TIMED_ROWS:
            fields, position = self.record(position)
            if len(fields) == width:
                rows += 1
                for place, field in enumerate(fields):
                    counts[place] += TIMED.fullmatch(field.strip()) is not None
        return [place for place, count in enumerate(counts) if 2 * count > rows]

    def clean(
        self, start: int, first_line: int, width: int, timed: list[int], last: bool = True
    ) -> Piece:
        """Make the records from ``start`` on clean.

        Args:
            start: where the first record starts.
            first_line: its line.
            width: fields in a record.
            timed: the columns that hold times.
            last: whether no block follows, so that an open quote at the end is a stray one.
        """
        text = self.text
        starts, odd = self._lines(start, width)
        pieces: list[memoryview | bytes] = []
        lines: list[np.ndarray] = []
        malformed: list[Malformed] = []
        view = memoryview(text)
        number, stop = 0, len(starts)  # of the physical line in `starts`
        for special in np.flatnonzero(odd).tolist():
            if special < number:
                continue  # it lies inside a quoted record already read
            position = int(starts[special])
            fields, end = self._quoted(position, width, timed)
            if not last and 0 <= len(text) - self._open_at <= self._longest:
                stop = special
                break
            if special > number:
                pieces.append(view[starts[number] : position])
                lines.append(np.arange(number, special) + first_line)
            number = int(np.searchsorted(starts, end))
            while len(fields) > width and not fields[-1].strip():
                fields.pop()
            if len(fields) == 1 and not fields[0].strip():
                continue
            if len(fields) > width:
                reason = f"{len(fields)} fields, {width} expected"
                whole = self.shown(text[position : end - 1]).decode()
                malformed.append(Malformed(special + first_line, whole, reason))
                continue
            fields += [b""] * (width - len(fields))
            pieces.append(_as_csv(fields, self.separator))
            lines.append(np.array([special + first_line]))
        if stop > number:
            stopped = int(starts[stop]) if stop < len(starts) else len(text)
            pieces.append(view[starts[number] : stopped])
            lines.append(np.arange(number, stop) + first_line)
        body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        known = np.concatenate(lines) if lines else np.empty(0, dtype=np.int64)
        left = int(starts[stop]) if stop < len(starts) else len(text)
        return Piece(body, known, malformed, left, first_line + stop)

    def _lines(self, start: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        """Return where each line starts, and whether it needs a closer look."""
        array = np.frombuffer(self.text, dtype=np.uint8)[start:]
        newline = array == _NEWLINE
        marks = newline | (array == self.separator[0])
        at = np.flatnonzero(marks)
        is_end = newline[at]
        places = np.flatnonzero(is_end)
        ends = at[places]
        starts = np.empty_like(ends)
        if len(ends):
            starts[0], starts[1:] = 0, ends[:-1] + 1
        widths = np.diff(places, prepend=-1)
        odd = np.zeros(len(ends), bool)
        quotes = np.flatnonzero(array == _QUOTE) if b'"' in self.text else places[:0]
        if len(quotes):
            odd, inside = _simply_quoted(array, quotes, ends, self.separator[0], at[~is_end])
            widths -= inside
            if self._shown:  # what lies in quotes has to be shown as it was
                odd[inside > 0] = True
        odd |= (widths != width) | (starts == ends)
        return starts + start, odd


def _simply_quoted(
    array: np.ndarray, quotes: np.ndarray, ends: np.ndarray, separator: int, cuts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Tell the lines whose quotes need no thought: each opens or closes a field, in turn.

    Args:
        array: the text as bytes.
        quotes: where its quotes are.
        ends: where its lines end.
        separator: the byte between fields.
        cuts: where separators are.

    Returns:
        Whether a line's quotes need a closer look, and how many separators lie inside quotes; the
        latter is right only for the other lines.
    """
    line = np.searchsorted(ends, quotes)
    before = np.searchsorted(quotes, ends, side="left")  # quotes up to the end of each line
    first = np.concatenate([[0], before[:-1]])
    opens = (np.arange(len(quotes)) - first[line]) % 2 == 0
    neighbour = array[np.where(opens, quotes - 1, quotes + 1)]
    at_edge = (neighbour == separator) | (neighbour == _NEWLINE)
    at_edge[(quotes == 0) & opens] = True
    odd = (before - first) % 2 == 1
    odd[line[~at_edge]] = True
    line_of_cut = np.searchsorted(ends, cuts)
    inside = (np.searchsorted(quotes, cuts) - first[line_of_cut]) % 2 == 1
    return odd, np.bincount(line_of_cut[inside], minlength=len(ends))


def _is_row(fields: list[bytes], width: int, timed: list[int]) -> bool:
    """Whether a line looks like a row of its own: as wide as one, and with a time in its place."""
    return len(fields) == width and (
        not timed or any(TIMED.fullmatch(fields[place].strip()) for place in timed)
    )


def _as_csv(fields: list[bytes], separator: bytes) -> bytes:
    row = io.StringIO()
    writer = csv.writer(row, delimiter=separator.decode(), lineterminator="\n")
    writer.writerow([field.decode() for field in fields])
    return row.getvalue().encode()
