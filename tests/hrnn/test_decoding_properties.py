"""The splitter against Python's csv module, and against stray quotes."""

import csv
import io

from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from hrnn.data.decoding import decode
from hrnn.data.separators import SEPARATORS
from hrnn.data.tables import load_text
from tests.hrnn.records import split_records

FIELD = st.text(alphabet='ab,;|\t" \n0é€', max_size=8)
SEPARATOR = st.sampled_from([one for one in SEPARATORS if len(one) == 1])


@st.composite
def well_formed(draw):
    """A separator, rows and the text that csv writes of them; the third column holds times."""
    width = draw(st.integers(3, 5))
    separator = draw(SEPARATOR)
    rows = draw(st.lists(st.lists(FIELD, min_size=width, max_size=width), max_size=8))
    for number, row in enumerate(rows):
        row[2] = str(1_700_000_000 + number)
    sink = io.StringIO()
    writer = csv.writer(
        sink,
        delimiter=separator,
        lineterminator=draw(st.sampled_from(["\n", "\r\n"])),
        quoting=draw(st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL])),
    )
    writer.writerow([f"c{place}" for place in range(width)])
    writer.writerows(rows)
    return separator, rows, sink.getvalue()


@given(well_formed())
@settings(max_examples=200, deadline=None)
def test_well_formed_text_is_read_as_csv_reads_it(made):
    separator, rows, text = made
    reference = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))[1:]
    assert reference == rows
    records = split_records(decode(text.encode())[0], separator)
    clean = io.StringIO(records.body.decode(), newline="")
    assert list(csv.reader(clean, delimiter=separator)) == rows
    assert not records.malformed


@given(well_formed())
@settings(max_examples=100, deadline=None)
def test_line_of_a_record_is_one_more_than_the_newlines_before_it(made):
    separator, rows, text = made
    line, expected = 2, []
    for row in rows:
        expected.append(line)
        line += 1 + sum(field.count("\n") for field in row)
    records = split_records(decode(text.encode())[0], separator)
    assert records.lines.tolist() == expected


@given(well_formed())
@settings(max_examples=100, deadline=None)
def test_the_table_has_the_rows_that_csv_has(made):
    _, rows, text = made
    assume(rows)
    loaded = load_text(text.encode())
    if loaded.separator == made[0]:
        found = [list(row.values())[:-1] for row in loaded.table.to_pylist()]
        assert found == rows


PLAIN = st.text(alphabet="abé 0'", min_size=1, max_size=6).filter(lambda text: text.strip())


@given(
    st.lists(st.tuples(PLAIN, PLAIN), min_size=2, max_size=8),
    st.data(),
)
@settings(max_examples=200, deadline=None)
def test_stray_quotes_never_lose_a_later_row(pairs, data):
    """Quotes are put anywhere into the items of some rows; every row still stands on its line."""
    rows = []
    for number, (user, item) in enumerate(pairs):
        for _ in range(data.draw(st.integers(0, 2))):
            place = data.draw(st.integers(0, len(item)))
            item = item[:place] + '"' + item[place:]
        rows.append([user, item, str(1_700_000_000 + number)])
    text = "\n".join([",".join(row) for row in [["user", "item", "time"], *rows]]) + "\n"
    records = split_records(text.encode(), ",")
    assert records.lines.tolist() == list(range(2, len(rows) + 2))
    assert not records.malformed
    found = list(csv.reader(io.StringIO(records.body.decode(), newline="")))
    assert [(row[0], row[2]) for row in found] == [(row[0], row[2]) for row in rows]


@given(st.binary(max_size=200))
@example(b"\x01::")
@settings(max_examples=200, deadline=None)
def test_any_text_at_all_is_cut_into_rows_the_parser_agrees_with(raw):
    """What leaves the splitter has the header's width in every record, whatever came in."""
    text = raw.replace(b"\0", b"").decode("latin-1").replace("\r", "\n")
    assume(text.strip())
    records = split_records(text.encode())
    reader = csv.reader(io.StringIO(records.body.decode(), newline=""), delimiter=records.delimiter)
    assert [len(row) for row in reader] == [len(records.header)] * len(records.lines)


@given(st.text(alphabet='a,"\n', max_size=30))
@settings(max_examples=300, deadline=None)
def test_lines_ascend_and_lie_in_the_file(body):
    text = "a,b,c\n" + body
    records = split_records(text.encode(), ",")
    lines = sorted([*records.lines.tolist(), *(one.line for one in records.malformed)])
    assert lines == sorted(set(lines))
    assert all(1 < line <= text.count("\n") + 1 for line in lines)
    assert records.lines.tolist() == sorted(records.lines.tolist())
