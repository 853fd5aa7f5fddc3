"""A number for each row that tells it from others, the same in every process."""

import numpy as np
import pandas as pd

from hrnn.data.interactions import Interactions

_ODD = np.uint64(0x9E3779B97F4A7C15)  # 2^64 / golden ratio, as in SplitMix64


def row_keys(data: Interactions, part: slice = slice(None)) -> np.ndarray:
    """Return uint64 keys [rows] of user, item and time that are the same in every process.

    ``part`` says of which rows. Two different rows share a key with a probability of about 2^-64.
    """
    user = pd.util.hash_array(data.user_ids)[data.user_index[part]]
    item = pd.util.hash_array(data.item_ids)[data.item_index[part]]
    return mixed(mixed(user) ^ item) ^ mixed(data.time_us[part].view(np.uint64) ^ _ODD)


def mixed(values: np.ndarray) -> np.ndarray:
    """Scramble 64 bits (the finaliser of SplitMix64; Steele, Lea, Flood 2014)."""
    mixed = (values ^ (values >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
