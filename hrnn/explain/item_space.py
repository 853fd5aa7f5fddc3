"""Items by their embeddings: which are neighbours, and a map of all.

Shapes: I items, H units.
"""

import numpy as np
import pandas as pd

from hrnn.columns import ITEM_ID
from hrnn.data.vocabulary import PADDING
from hrnn.errors import DataError
from hrnn.explain.vectors import cosines, two_components
from hrnn.recommend.network_recommender import NetworkRecommender


def neighbours(model: NetworkRecommender, item: str, count: int = 10) -> pd.DataFrame:
    """Return the items whose embeddings are most like an item's.

    Args:
        model: a trained network.
        item: whose neighbours are wanted.
        count: how many, at most.

    Returns:
        ITEM_ID and SIMILARITY (cosine), the most similar first.

    Raises:
        DataError: the model does not know the item.
    """
    index = int(model.vocabulary.indices([item])[0])
    if index == PADDING:
        raise DataError(f"item {item!r} is unknown to the model, so it has no neighbours")
    items_IH = _embeddings(model)
    like_I = cosines(items_IH[[index - 1]], items_IH)[0]
    like_I[index - 1] = -np.inf
    best = np.argsort(-like_I, kind="stable")[: min(count, len(like_I) - 1)]
    return pd.DataFrame({ITEM_ID: model.vocabulary.ids[best], "SIMILARITY": like_I[best]})


def item_map(model: NetworkRecommender) -> pd.DataFrame:
    """Place all items by the two directions in which their embeddings differ most.

    Embeddings are taken at length one, since likeness is their angle.

    Returns:
        ITEM_ID, X, Y, in the order of the vocabulary.
    """
    items_IH = _embeddings(model).astype(np.float64)
    length_I1 = np.linalg.norm(items_IH, axis=1, keepdims=True)
    drawing = two_components(items_IH / np.maximum(length_I1, np.finfo(float).tiny))
    ids = model.vocabulary.ids
    return pd.DataFrame({ITEM_ID: ids, "X": drawing[:, 0], "Y": drawing[:, 1]})


def _embeddings(model: NetworkRecommender) -> np.ndarray:
    model.check_trained()
    return model.estimator.fitted().items_IH.weight.detach().cpu().numpy()[1:]
