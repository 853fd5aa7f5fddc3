"""Users worth a look."""

import numpy as np
import pandas as pd

from ui.interesting import interesting_users


def test_users_by_what_happened_to_their_held_out_items():
    questions = pd.DataFrame(
        {
            "USER_ID": ["a", "b", "c", "d", "e", "f", "f"],
            "HRNN": [3, 1, 50, 11, np.inf, 400, 2],
            "popularity": [90, 5, 4, 300, 12, 1, 1],
        }
    )
    assert interesting_users(questions, "HRNN") == {
        "right": ["a"],  # popularity finds b and f too
        "wrong": ["c"],
        "far": ["c", "d"],  # e was seen before, so it cannot be ranked
        "top": ["b"],
    }
