import numpy as np
import pytest

from hrnn.data.vocabulary import PADDING, Vocabulary


def test_first_id_has_index_one_since_zero_is_padding():
    vocabulary = Vocabulary(["b", "a"])
    assert vocabulary.indices(["b", "a"]).tolist() == [1, 2]
    assert PADDING == 0
    assert vocabulary.ids[vocabulary.indices(["a"]) - 1].tolist() == ["a"]


def test_unknown_ids_are_padding_and_handed_back_once_in_order():
    vocabulary = Vocabulary(["a"])
    assert vocabulary.indices(["x", "a", "y"]).tolist() == [0, 1, 0]
    assert vocabulary.unknown(["x", "a", "y", "x"]) == ["x", "y"]
    assert vocabulary.unknown(["a"]) == []


def test_ids_that_look_missing_or_numeric_are_ids():
    ids = ["nan", "None", "", "1", "01", "1.0", "NA", "é"]
    vocabulary = Vocabulary(ids)
    assert vocabulary.indices(ids).tolist() == list(range(1, 9))
    assert vocabulary.ids.tolist() == ids
    assert vocabulary.indices(["null"]).tolist() == [0]


def test_all_distinct_values_sorted():
    vocabulary = Vocabulary.of(["b", "10", "9", "b"])
    assert vocabulary.ids.tolist() == ["10", "9", "b"]
    assert len(vocabulary) == 3


def test_an_id_twice_is_our_own_mistake():
    with pytest.raises(ValueError, match="id 'a' is in the vocabulary twice"):
        Vocabulary(["a", "b", "a"])


def test_empty_vocabulary_and_empty_question():
    assert len(Vocabulary([])) == 0
    assert Vocabulary([]).indices(["a"]).tolist() == [0]
    found = Vocabulary(["a"]).indices([])
    assert (found.tolist(), found.dtype) == ([], np.int32)
