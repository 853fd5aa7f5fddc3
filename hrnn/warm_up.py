"""Compile the loops: ``python -m hrnn.warm_up``, so that the first training need not wait."""

import numpy as np
import pandas as pd
import torch

from hrnn.columns import SESSION_ID
from hrnn.data.reading import read_interactions
from hrnn.model.batches import Batch
from hrnn.model.histories import Histories
from hrnn.model.losses import cross_entropy
from hrnn.model.network import HRNN
from hrnn.recommend.ranking import top_places_of_all
from hrnn.sessions import segment, suggest_timeout, sweep_timeouts
from hrnn.synthetic import SyntheticConfig, generate


def main() -> None:
    """Read, differentiate and score the smallest log that reaches every loop."""
    item, user = np.array([1, 2, 1], np.int32), np.zeros(3, np.int32)
    batch = Batch.of(Histories.of(item, user, np.array([0, 0, 1]), 1), np.zeros(1, np.int64))
    network = HRNN(2, 2, 1, 0.0, "init", torch.Generator().manual_seed(0))
    states_MH = network.project(network(batch).before_NH)
    scored = states_MH, network.items_IH.weight[1:], network.bias_I[1:]
    cross_entropy(*scored, batch.items - 1).backward()
    with torch.no_grad():
        scores = network.scores(network.follow(batch).session_LBH[-1])
    top_places_of_all(scores.numpy(), 1)
    data = read_interactions(_with_session_ids())
    segment(data)
    segment(data, use_session_ids=False)
    sweep_timeouts(data)
    suggest_timeout(data)


def _with_session_ids() -> pd.DataFrame:
    """Return a log small enough to be quick, with gaps enough that a timeout is suggested."""
    settings = SyntheticConfig(users=60, items=12, interactions=600)
    return generate(settings).frame.assign(**{SESSION_ID: "one"})


if __name__ == "__main__":
    main()
