"""Items by their embeddings."""

import numpy as np
import pytest
import torch

from hrnn import DataError
from hrnn.explain.item_space import item_map, neighbours
from tests.hrnn.test_explain import model_of, planted


def test_neighbours_are_by_angle():
    model = model_of("flat GRU")
    with torch.no_grad():
        weight = model.estimator.fitted().items_IH.weight
        before = weight.clone()
        weight.zero_()
        for place, (x, y) in enumerate([(1, 0), (5, 1), (0, 3), (-2, 0)], 1):
            weight[place, 0], weight[place, 1] = x, y
    ids = model.vocabulary.ids
    found = neighbours(model, ids[0], 3)
    assert found["ITEM_ID"].tolist() == [ids[1], ids[2], ids[4]]  # what is zero is like nothing
    assert found["SIMILARITY"].tolist() == pytest.approx([5 / np.sqrt(26), 0, 0])
    assert len(neighbours(model, ids[0], 99)) == len(ids) - 1
    with torch.no_grad():
        weight.copy_(before)
    with pytest.raises(DataError, match=r"'\?' is unknown"):
        neighbours(model, "?")


def test_neighbours_share_a_planted_theme_and_so_do_regions_of_the_map():
    model, _, themes = planted()
    same = []
    for item in list(themes)[:40]:
        found = neighbours(model, item, 3)["ITEM_ID"]
        same += [themes[one] == themes[item] for one in found]
    assert np.mean(same) > 0.8  # one theme in twelve by chance
    drawn = item_map(model)
    assert drawn["ITEM_ID"].tolist() == model.vocabulary.ids.tolist()
    kinds = drawn["ITEM_ID"].map(themes)
    within = drawn[["X", "Y"]].groupby(kinds).transform(lambda one: one - one.mean())
    assert within.to_numpy().std() < 0.5 * drawn[["X", "Y"]].to_numpy().std()
    assert item_map(model).equals(drawn)
