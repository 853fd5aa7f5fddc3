"""Compiled loops over the steps of a batch: one layer forward, back, and forward only.

A step of a GRU is little work, so what counts is the work around it: here a whole batch is read in
one call, matrix products go to BLAS, all else of a step is one pass over it while it is in cache,
and what the weights gain is summed a block of steps at a time.

Shapes: B lanes, N interactions of a batch, S sessions but the lanes' first, X inputs, H units, G
the three gates of a GRU beside one another: reset, update, new.
"""

from typing import NamedTuple

import numpy as np

from hrnn.model.compiled import compiled

#: Interactions whose gradients are held before they are summed into the weights'.
BLOCK = 1024


# tanh as a quotient of polynomials, exact to about one unit in the last place of a float32 (the
# coefficients are those of the Eigen library). Unlike the C library's it compiles to SIMD code.
_ONE, _HALF, _LIMIT = np.float32(1), np.float32(0.5), np.float32(7.90531110763549805)
_P1, _P3 = np.float32(4.89352455891786e-03), np.float32(6.37261928875436e-04)
_P5, _P7 = np.float32(1.48572235717979e-05), np.float32(5.12229709037114e-08)
_P9, _P11 = np.float32(-8.60467152213735e-11), np.float32(2.00018790482477e-13)
_P13 = np.float32(-2.76076847742355e-16)
_Q0, _Q2 = np.float32(4.89352518554385e-03), np.float32(2.26843463243900e-03)
_Q4, _Q6 = np.float32(1.18534705686654e-04), np.float32(1.19825839466702e-06)


@compiled
def tanh(x):
    """Return tanh of a float32."""
    x = -_LIMIT if x < -_LIMIT else (_LIMIT if x > _LIMIT else x)
    s = x * x
    above = ((((((_P13 * s + _P11) * s + _P9) * s + _P7) * s + _P5) * s + _P3) * s + _P1) * x
    return above / (((_Q6 * s + _Q4) * s + _Q2) * s + _Q0)


@compiled
def sigmoid(x):
    """Return the logistic function of a float32."""
    return _HALF * tanh(_HALF * x) + _HALF


class GRU(NamedTuple):
    """Weights of a GRU, or what they gain.

    Attributes:
        input_GX, state_GH: G are the three gates.
        bias_G: of the input's part and, but for the new gate, of the state's part too.
        hidden_H: bias of the state's part of the new gate.
    """

    input_GX: np.ndarray
    state_GH: np.ndarray
    bias_G: np.ndarray
    hidden_H: np.ndarray


class Plan(NamedTuple):
    """The arrays of a :class:`hrnn.model.batches.Batch`."""

    offsets: np.ndarray
    opening: np.ndarray
    openings: np.ndarray


class Gates(NamedTuple):
    """The gates of some rows, and the state's part of the new gate before the reset scales it."""

    reset: np.ndarray
    update: np.ndarray
    new: np.ndarray
    hidden: np.ndarray


class Opened(NamedTuple):
    """Sessions that started after others.

    Attributes:
        ended_SH, user_before_SH: states of the session that ended and of the user before it.
        gates: of the user GRU.
        user_after_SH: the user state that the session starts from.
        started_SH: the state that it starts with.
    """

    ended_SH: np.ndarray
    user_before_SH: np.ndarray
    gates: Gates
    user_after_SH: np.ndarray
    started_SH: np.ndarray


class Tape(NamedTuple):
    """What is remembered for the way back; with "all" user states stand behind the embeddings."""

    inputs_NX: np.ndarray
    before_NH: np.ndarray
    gates: Gates
    opened: Opened


@compiled
def _rows(gates, low, high):
    return Gates(
        gates.reset[low:high], gates.update[low:high], gates.new[low:high], gates.hidden[low:high]
    )


@compiled
def _opened(opened, low, high):
    return Opened(
        opened.ended_SH[low:high], opened.user_before_SH[low:high],
        _rows(opened.gates, low, high),
        opened.user_after_SH[low:high], opened.started_SH[low:high],
    )  # fmt: skip


@compiled
def _step(gru, from_input, row, from_state, state, gates, new_state):
    """Fill the gates of some rows and the states after a step.

    ``row`` says which row of ``from_input`` belongs to each. Only the first loop goes by row and
    gate; the others run over all at once, without the ends of rows where SIMD code has to stop.
    """
    rows, units = state.shape
    for i in range(rows):
        given = from_input[row[i]]
        for j in range(units):
            gates.reset[i, j] = given[j] + from_state[i, j] + gru.bias_G[j]
        for j in range(units):
            k = units + j
            gates.update[i, j] = given[k] + from_state[i, k] + gru.bias_G[k]
        for j in range(units):
            k = 2 * units + j
            gates.hidden[i, j] = from_state[i, k] + gru.hidden_H[j]
            gates.new[i, j] = given[k] + gru.bias_G[k]
    reset, update = gates.reset.reshape(-1), gates.update.reshape(-1)
    new, hidden = gates.new.reshape(-1), gates.hidden.reshape(-1)
    old, made = state.reshape(-1), new_state.reshape(-1)
    for k in range(len(reset)):
        reset[k] = sigmoid(reset[k])
        new[k] = tanh(new[k] + reset[k] * hidden[k])
    for k in range(len(update)):
        update[k] = sigmoid(update[k])
        made[k] = new[k] + update[k] * (old[k] - new[k])


@compiled
def _step_back(gates, state, gradient, input_slopes, state_slopes):
    """Fill the slopes of the gates' two parts.

    ``gradient`` is of the states after the step, and becomes its direct part in those before.
    """
    rows, units = state.shape
    for i in range(rows):
        for j in range(units):
            r, z, n = gates.reset[i, j], gates.update[i, j], gates.new[i, j]
            g = gradient[i, j]
            new = g * (_ONE - z) * (_ONE - n * n)
            update = g * (state[i, j] - n) * z * (_ONE - z)
            reset = new * gates.hidden[i, j] * r * (_ONE - r)
            input_slopes[i, j] = state_slopes[i, j] = reset
            input_slopes[i, units + j] = state_slopes[i, units + j] = update
            input_slopes[i, 2 * units + j] = new
            state_slopes[i, 2 * units + j] = new * r
            gradient[i, j] = g * z


@compiled
def _add_to(gain, inputs, state, input_slopes, state_slopes):
    """Add what some rows give to the weights of a GRU."""
    gain.input_GX[:] += np.dot(input_slopes.T, inputs)
    gain.state_GH[:] += np.dot(state_slopes.T, state)
    rows, units = state.shape
    for i in range(rows):
        for j in range(3 * units):
            gain.bias_G[j] += input_slopes[i, j]
        for j in range(units):
            gain.hidden_H[j] += state_slopes[i, 2 * units + j]


@compiled
def _open(lane, user_gru, start_HH, start_H, remembers, own, opened, state, user):
    """End the sessions in some lanes and start the next ones."""
    for s in range(len(lane)):
        opened.ended_SH[s] = state[lane[s]]
        opened.user_before_SH[s] = user[lane[s]]
    after, started = opened.user_after_SH, opened.started_SH
    if remembers:
        before = opened.user_before_SH
        from_input = np.dot(opened.ended_SH, user_gru.input_GX.T)
        from_state = np.dot(before, user_gru.state_GH.T)
        _step(user_gru, from_input, own, from_state, before, opened.gates, after)
    else:
        after[:] = 0
    np.dot(after, start_HH.T, started)
    for s in range(len(lane)):
        for j in range(len(start_H)):
            started[s, j] = tanh(started[s, j] + start_H[j])
        state[lane[s]] = started[s]
        user[lane[s]] = after[s]


@compiled
def _begin(start_H, state, user):
    """Start the first session of every lane."""
    for i in range(len(state)):
        for j in range(len(start_H)):
            state[i, j] = tanh(start_H[j])
            user[i, j] = 0


@compiled
def read(plan, session, user_gru, start_HH, start_H, remembers, tape, after_NH, state_BH, user_BH):
    """Read a batch: fill tape, states after interactions, last session and user states."""
    lanes, units = state_BH.shape
    everywhere = tape.inputs_NX.shape[1] > units
    from_input = np.empty((lanes, 3 * units), np.float32)
    from_state = np.empty((lanes, 3 * units), np.float32)
    own = np.arange(lanes)
    _begin(start_H, state_BH, user_BH)
    for step in range(len(plan.offsets) - 1):
        a, b = plan.openings[step], plan.openings[step + 1]
        if b > a:
            lane, opened = plan.opening[a:b], _opened(tape.opened, a, b)
            _open(lane, user_gru, start_HH, start_H, remembers, own, opened, state_BH, user_BH)
        low, high = plan.offsets[step], plan.offsets[step + 1]
        active = high - low
        inputs, before = tape.inputs_NX[low:high], tape.before_NH[low:high]
        before[:] = state_BH[:active]
        if everywhere:
            inputs[:, units:] = user_BH[:active]
        np.dot(inputs, session.input_GX.T, from_input[:active])
        np.dot(before, session.state_GH.T, from_state[:active])
        gates, after = _rows(tape.gates, low, high), after_NH[low:high]
        _step(session, from_input, own, from_state, before, gates, after)
        state_BH[:active] = after


@compiled
def follow(
    plan, session, user_gru, start_HH, start_H, remembers,
    from_items, item, from_user_GH, gates, opened, after_NH, state_BH, user_BH,
):  # fmt: skip
    """Read a batch and keep only where each lane stands, and ``after_NH`` if it has rows.

    ``from_items`` holds the inputs' part of the gates of all items, ``item`` says whose each
    interaction is. ``from_user_GH`` turns a user state into its part of them; it is empty where it
    has none. ``gates`` and ``opened`` are room for a step.
    """
    lanes, units = state_BH.shape
    from_state = np.empty((lanes, 3 * units), np.float32)
    from_user = np.zeros((lanes, 3 * units), np.float32)
    from_both = np.empty((lanes, 3 * units), np.float32)
    next_BH = np.empty((lanes, units), np.float32)  # in place, the loops could not be SIMD code
    own = np.arange(lanes)
    _begin(start_H, state_BH, user_BH)
    for step in range(len(plan.offsets) - 1):
        lane = plan.opening[plan.openings[step] : plan.openings[step + 1]]
        if len(lane):
            new = _opened(opened, 0, len(lane))
            _open(lane, user_gru, start_HH, start_H, remembers, own, new, state_BH, user_BH)
            if len(from_user_GH):
                part = np.dot(new.user_after_SH, from_user_GH.T)
                for s in range(len(lane)):
                    from_user[lane[s]] = part[s]
        low, high = plan.offsets[step], plan.offsets[step + 1]
        active = high - low
        state, room, after = state_BH[:active], _rows(gates, 0, active), next_BH[:active]
        np.dot(state, session.state_GH.T, from_state[:active])
        if len(from_user_GH):
            for i in range(active):
                from_both[i] = from_items[item[low + i]] + from_user[i]
            _step(session, from_both, own, from_state, state, room, after)
        else:
            _step(session, from_items, item[low:high], from_state, state, room, after)
        state[:] = after
        if len(after_NH):
            after_NH[low:high] = after


@compiled
def read_back(
    plan, session, user_gru, start_HH, remembers, tape,
    before_NH, after_NH, state_BH, user_BH,
    inputs_NX, session_gain, user_gain, start_gain_HH, start_gain_H,
):  # fmt: skip
    """Go back through a batch that was read.

    The second line holds the gradients of what was read, of which the latter two are used up; the
    third is filled with those of the inputs and, starting from zeros, of the weights.
    """
    lanes, units = state_BH.shape
    everywhere = inputs_NX.shape[1] > units
    room = max(BLOCK, lanes)
    input_slopes = np.empty((room, 3 * units), np.float32)
    state_slopes = np.empty((room, 3 * units), np.float32)
    back = np.empty((lanes, units), np.float32)
    sessions = len(plan.opening)
    start_slopes = np.empty((sessions, units), np.float32)
    user_input_slopes = np.empty((sessions, 3 * units), np.float32)
    user_state_slopes = np.empty((sessions, 3 * units), np.float32)
    block = plan.offsets[-1]  # where the block of interactions ends whose slopes are held
    for step in range(len(plan.offsets) - 2, -1, -1):
        low, high = plan.offsets[step], plan.offsets[step + 1]
        active = high - low
        if block - low > room:
            _add_to(
                session_gain, tape.inputs_NX[high:block], tape.before_NH[high:block],
                input_slopes[room - (block - high) :], state_slopes[room - (block - high) :],
            )  # fmt: skip
            block = high
        first, last = room - (block - low), room - (block - high)
        of_input, of_state = input_slopes[first:last], state_slopes[first:last]
        gradient = state_BH[:active]
        gradient += after_NH[low:high]
        gates = _rows(tape.gates, low, high)
        _step_back(gates, tape.before_NH[low:high], gradient, of_input, of_state)
        np.dot(of_state, session.state_GH, back[:active])
        np.dot(of_input, session.input_GX, inputs_NX[low:high])
        for i in range(active):
            for j in range(units):
                gradient[i, j] += back[i, j] + before_NH[low + i, j]
        if everywhere:
            user_BH[:active] += inputs_NX[low:high, units:]
        a, b = plan.openings[step], plan.openings[step + 1]
        if b > a:
            lane, start_slope = plan.opening[a:b], start_slopes[a:b]
            started = tape.opened.started_SH[a:b]
            for s in range(b - a):
                for j in range(units):
                    start_slope[s, j] = state_BH[lane[s], j] * (_ONE - started[s, j] ** 2)
            user = np.dot(start_slope, start_HH)
            for s in range(b - a):
                user[s] += user_BH[lane[s]]
                user_BH[lane[s]] = 0
                state_BH[lane[s]] = 0
            if remembers:
                of_input, of_state = user_input_slopes[a:b], user_state_slopes[a:b]
                before = tape.opened.user_before_SH[a:b]
                gates = _rows(tape.opened.gates, a, b)
                _step_back(gates, before, user, of_input, of_state)
                user += np.dot(of_state, user_gru.state_GH)
                ended = np.dot(of_input, user_gru.input_GX)
                for s in range(b - a):
                    user_BH[lane[s]] = user[s]
                    state_BH[lane[s]] = ended[s]
    _add_to(
        session_gain, tape.inputs_NX[:block], tape.before_NH[:block],
        input_slopes[room - block :], state_slopes[room - block :],
    )  # fmt: skip
    if sessions:
        start_gain_HH[:] = np.dot(start_slopes.T, tape.opened.user_after_SH)
        start_gain_H[:] = start_slopes.sum(0)
        if remembers:
            _add_to(
                user_gain, tape.opened.ended_SH, tape.opened.user_before_SH,
                user_input_slopes, user_state_slopes,
            )  # fmt: skip
