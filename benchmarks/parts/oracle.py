"""What somebody would find in a generated log who knew how it was made."""

import numpy as np

from hrnn.columns import TIMESTAMP, USER_ID
from hrnn.evaluation.metrics import ndcg, ranks
from hrnn.evaluation.splits import Split
from hrnn.synthetic import THEMES, Synthetic, SyntheticConfig


def oracle_ndcg(split: Split, made: Synthetic, settings: SyntheticConfig, k: int) -> float:
    """Return the mean NDCG@k of ranking by the true chances, items seen before left out.

    Inside a session its theme is known. A session's first interaction is of the theme that follows
    the session before with the planted probability, else of any. In a theme, the r-th item has
    weight 1 / sqrt(r).

    Args:
        split: of the log.
        made: the truth.
        settings: that it was made with.
        k: cut-off.
    """
    data, kinds = split.data, len(THEMES)
    order = made.frame.reset_index().sort_values([USER_ID, TIMESTAMP, "index"])["index"].to_numpy()
    theme, session = made.theme[order], made.session[order]
    ids = np.array([int(one.removeprefix("item")) - 1 for one in data.item_ids])
    item = ids[data.item_index]
    share_TI = np.zeros((kinds, settings.items))
    for number in range(kinds):
        own = np.flatnonzero(made.item_theme == number)
        weight = 1 / np.sqrt(np.arange(1, len(own) + 1))
        share_TI[number, own] = weight / weight.sum()
    gains = []
    for row in split.test.tolist():
        start = int(data.user_starts[data.user_index[row]])
        chance = np.zeros(kinds)
        if row > start and session[row - 1] == session[row]:
            chance[theme[row]] = 1
        else:
            known = settings.cause if row > start else 0.0
            chance += (1 - known) / kinds
            chance[(theme[row - 1] + 1) % kinds] += known
        seen = np.zeros((1, settings.items), bool)
        seen[0, item[start:row]] = True
        rank = ranks((chance @ share_TI)[None], item[[row]], seen)
        gains.append(ndcg(rank, k)[0])
    return float(np.mean(gains))
