"""Columns as codes: against plain Python."""

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from hrnn.data.coded import BLANK, Coded

texts = st.lists(st.sampled_from(["a", " a", "b", "B", "é", "", "  ", "\u00a0", None, "10", "9"]))


def plain(column: Coded) -> list[str | None]:
    values = column.values.to_pylist()
    return [None if code == BLANK else values[code] for code in column.code.tolist()]


def bare(text: str | None) -> str | None:
    return (text or "").strip(" \t\n\u00a0") or None


@given(texts=texts, cut=st.integers(0, 5), dictionary=st.booleans())
def test_codes_stand_for_the_trimmed_text_in_any_pieces(
    texts: list[str | None], cut: int, dictionary: bool
) -> None:
    pieces = [pa.array(part, pa.string()) for part in (texts[:cut], texts[cut:])]
    if dictionary:  # each piece with a dictionary of its own
        pieces = [piece.dictionary_encode() for piece in pieces]
    coded = Coded.of(pa.chunked_array(pieces))
    assert plain(coded) == [bare(text) for text in texts]
    assert len(set(coded.values.to_pylist())) == len(coded.values)


@given(texts=texts, seed=st.randoms())
def test_rows_that_are_taken_have_their_values_in_order_of_appearance(texts, seed) -> None:
    coded = Coded.of(pa.chunked_array([pa.array(texts, pa.string())]))
    rows = [row for row in range(len(texts)) if seed.random() < 0.6]
    seed.shuffle(rows)
    taken = coded.take(pa.array(rows, pa.int64()).to_numpy())
    expected = [bare(texts[row]) for row in rows]
    assert plain(taken) == expected
    assert taken.values.to_pylist() == [one for one in dict.fromkeys(expected) if one is not None]
    assert taken.column().to_pylist() == expected


def test_sorted_values_are_in_binary_order() -> None:
    coded = Coded.of(pa.chunked_array([pa.array(["b", "10", "", "é", "9", "B", "b"])]))
    assert coded.sorted().values.to_pylist() == ["10", "9", "B", "b", "é"]
    assert plain(coded.sorted()) == ["b", "10", None, "é", "9", "B", "b"]
