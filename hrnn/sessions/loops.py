"""Compiled loops over a log's rows, sorted by user and time; importing this brings numba.

A user's rows are ``user_starts[u]:user_starts[u + 1]``; no user is without rows. Times are
microseconds. What a loop finds goes into arrays that its caller made.
"""

import numpy as np

from hrnn.compiling import compiled

_ONE, _FRACTION_BITS = np.float64(1).view(np.int64), 52


@compiled
def number_by_gaps(time_us, user_starts, timeout_us, number, first_of_user, lengths):
    """Number sessions cut by a timeout; return how many there are.

    Gets filled: ``number`` [rows], each row's session; ``first_of_user`` [users], each user's first
    session; ``lengths`` [rows], the interactions of each session, the rest left as it was.
    """
    session = -1
    for user in range(len(first_of_user)):
        start = user_starts[user]
        session += 1
        first_of_user[user] = session
        before, opened = time_us[start], start
        for row in range(start, user_starts[user + 1]):
            # No branch: which gap is long cannot be foretold, and a wrong guess costs ten rows.
            opens = time_us[row] - before > timeout_us
            before = time_us[row]
            session += opens
            opened = row if opens else opened
            number[row] = session
            lengths[session] = row + 1 - opened
    return session + 1


@compiled
def number_by_ids(
    time_us, user_starts, ids, timeout_us, owner, known, number, first_of_user, lengths
):
    """Number sessions given by their ids, rows without one (-1) cut among themselves.

    Returns how many there are. Users come one after another, so it is enough to know of each id who
    had it last: ``owner`` [ids] has to be zeros, ``known`` [ids] is room for the session that an id
    has with that user. Gets filled: as in :func:`number_by_gaps`, but ``lengths`` has to be zeros.
    """
    count = 0
    for user in range(len(first_of_user)):
        first_of_user[user] = count
        open_session, before = -1, time_us[user_starts[user]]
        for row in range(user_starts[user], user_starts[user + 1]):
            one = ids[row]
            if one < 0:
                if open_session < 0 or time_us[row] - before > timeout_us:
                    open_session = count
                    count += 1
                before = time_us[row]
                session = open_session
            else:
                if owner[one] != user + 1:
                    owner[one] = user + 1
                    known[one] = count
                    count += 1
                session = known[one]
            number[row] = session
            lengths[session] += 1
    return count


@compiled
def cell(gap_us, bits):
    """Say in which cell of a log scale a gap lies: 2 ** bits cells an octave, even inside it.

    The leading bits of a float64 are such a scale, and reading them costs no logarithm. Cell 0 is
    below 1 µs, cell 1 starts there; a longer gap never has a lower cell, whatever is rounded.
    """
    return max(0, 1 + ((np.float64(gap_us).view(np.int64) - _ONE) >> (_FRACTION_BITS - bits)))


@compiled
def separating(gap_us, timeouts_us, below, bits):
    """Count the timeouts (int64, ascending) that a gap is longer than.

    ``below`` [cells] says how many timeouts lie in lower cells of so many bits.
    """
    place = below[cell(gap_us, bits)]
    while place < len(timeouts_us) and timeouts_us[place] < gap_us:
        place += 1
    return place


@compiled
def sweep(
    time_us, user_starts, timeouts_us, below, bits, max_sessions, max_session_len,
    gaps, users, singles, kept,
):  # fmt: skip
    """Count what each timeout would do, in one pass from the last row of each user to the first.

    A gap is longer than the first so many timeouts, its *reach*: it separates at those alone. The
    user's ends separate at every timeout. So a row is a session of its own below the lesser reach
    of the gaps beside it. A row is in its user's last sessions where fewer than ``max_sessions``
    of the later gaps separate: from their ``max_sessions``-th largest reach on. It is among the
    last items of its session where one of the next ``max_session_len`` gaps separates: below the
    largest reach of these. Each row so gives ranges of timeouts, and only their ends are noted.

    ``below`` and ``bits`` are those of :func:`separating`. Gets filled, int64 [timeouts + 1] from
    zeros: at r ``gaps``, how many gaps have the reach r; ``users``, how many users that as their
    largest; ``singles``, how many rows that as the lesser beside them; ``kept``, by how much more
    rows are kept than one timeout before.
    """
    always, longest = len(timeouts_us), 0
    for user in range(len(user_starts) - 1):
        longest = max(longest, user_starts[user + 1] - user_starts[user])
    largest = np.empty(min(max_sessions, longest), np.int32)  # reaches, as a heap, least first
    reach_at = np.empty(longest, np.int32)  # reaches that may yet be the largest of a window,
    row_at = np.empty(longest, np.int64)  # falling from head to tail, and their rows
    for user in range(len(user_starts) - 1):
        start, stop = user_starts[user], user_starts[user + 1]
        size = min(len(largest), stop - start)
        largest[:size] = 0
        head, tail = 0, 0
        most, after = 0, always
        for row in range(stop - 1, start - 1, -1):
            if row < stop - 1 and after > largest[0]:
                _replace_least(largest, size, after)
            while tail > head and reach_at[tail - 1] <= after:
                tail -= 1
            reach_at[tail], row_at[tail] = after, row
            tail += 1
            if row_at[head] >= row + max_session_len:
                head += 1
            if largest[0] < reach_at[head]:
                kept[largest[0]] += 1
                kept[reach_at[head]] -= 1
            before = always
            if row > start:
                before = separating(time_us[row] - time_us[row - 1], timeouts_us, below, bits)
                gaps[before] += 1
                most = max(most, before)
            singles[min(before, after)] += 1
            after = before
        users[most] += 1


@compiled
def _replace_least(heap, size, value):
    """Put a value in the place of a heap's least one."""
    place = 0
    while 2 * place + 1 < size:
        child = 2 * place + 1
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = value


@compiled
def count_gaps(time_us, user_starts, unit_us, bits, counts):
    """Count gaps by their cell; return how many above 0 are whole multiples of a unit.

    ``counts`` [cells] has to be zeros; cell 0 then holds the gaps of 0 and no others.
    """
    whole = 0
    for user in range(len(user_starts) - 1):
        for row in range(user_starts[user] + 1, user_starts[user + 1]):
            gap = time_us[row] - time_us[row - 1]
            counts[cell(gap, bits)] += 1
            whole += gap > 0 and gap % unit_us == 0
    return whole


@compiled
def resample_gaps(time_us, user_starts, group, weight_GB, bits, counts_NB):
    """Count gaps by their cell in resampled logs.

    ``group`` [users] is the group of each, ``weight_GB`` (uint8) how often the users of each of G
    groups are in each of B logs. Gets filled: ``counts_NB``, from zeros, for N cells.
    """
    for user in range(len(user_starts) - 1):
        weight_B = weight_GB[group[user]]
        for row in range(user_starts[user] + 1, user_starts[user + 1]):
            count_B = counts_NB[cell(time_us[row] - time_us[row - 1], bits)]
            for log in range(len(weight_B)):
                count_B[log] += weight_B[log]
