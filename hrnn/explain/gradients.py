"""Integrated gradients: a second opinion on what each interaction did.

Shapes: N interactions, S steps of the integral, H units.
"""

import numpy as np
import torch
from captum.attr import IntegratedGradients
from torch import Tensor

from hrnn.baselines.flat import FlatRecommender
from hrnn.errors import ConfigError
from hrnn.explain.readings import Reading
from hrnn.explain.scenario import Scenario
from hrnn.model.batches import Batch
from hrnn.model.histories import Histories
from hrnn.model.layers import read_layer
from hrnn.model.network import HRNN, Standing
from hrnn.recommend.network_recommender import NetworkRecommender

_STEPS = 32


def integrated_gradients(
    model: NetworkRecommender, scenario: Scenario, item: str, begins: bool = False
) -> np.ndarray:
    """Attribute the logarithm of an item's share to the interactions that the model reads.

    The embeddings of the interactions go from zero to what they are; an interaction gets the sum
    over its units (Sundararajan et al. 2017). All of them together come to the difference that the
    embeddings make, but for the error of 32 steps.

    Args:
        model: a trained HRNN or flat GRU.
        scenario: a history, as it was or as it might have been.
        item: whose share is attributed.
        begins: whether what comes next begins a new session even without a wait.

    Returns:
        float64 [N], in the order of :class:`hrnn.explain.readings.Reading`.

    Raises:
        ConfigError: the model is neither.
    """
    network = model.estimator.fitted()
    if not isinstance(network, HRNN):
        raise ConfigError(
            f"a model of kind {model.kind!r} has no such gradients; leave out instead"
        )
    reading = Reading.of(model, scenario, begins)
    if not len(reading):
        return np.empty(0)
    flat = isinstance(model, FlatRecommender)
    place = int(model.vocabulary.indices([item])[0]) - 1
    session = np.zeros_like(reading.session) if flat else reading.session

    def share(inputs_SNH: Tensor) -> Tensor:
        """Return the logarithm of the item's share after each of some inputs."""
        count = len(inputs_SNH)
        owner = np.repeat(np.arange(count), len(reading))
        number = owner * (int(session.max()) + 1) + np.tile(session, count)
        histories = Histories.of(np.tile(reading.items, count), owner, number, count)
        batch = Batch.of(histories, np.arange(count)).to(network.device)
        # Lanes of one length stand beside one another at each step, in the order of the users.
        standing = _follow(network, inputs_SNH.transpose(0, 1).flatten(0, 1), batch)
        starts = torch.full((count,), reading.begins and not flat, device=network.device)
        states = network.start_sessions(standing, starts).session_LBH[-1]
        return torch.log_softmax(network.scores(states), dim=1)[:, place]

    embedded = network.items_IH(torch.from_numpy(reading.items.astype(np.int64)).to(network.device))
    found = IntegratedGradients(share).attribute(embedded.detach()[None], n_steps=_STEPS)
    return found.sum(2)[0].double().cpu().numpy()


def _follow(network: HRNN, inputs_NH: Tensor, batch: Batch) -> Standing:
    """Read a batch from embeddings, with a way back to them."""
    session, user = [], []
    for number in range(network.num_layers):
        states = read_layer(inputs_NH, batch, network.layer(number))
        inputs_NH = states.after_NH
        session.append(states.session_BH)
        user.append(states.user_BH)
    begun = torch.ones(len(batch.users), dtype=torch.bool, device=inputs_NH.device)
    return Standing(torch.stack(session), torch.stack(user), begun)
