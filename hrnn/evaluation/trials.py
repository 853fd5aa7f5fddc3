"""Which of several settings is best on the same held-out interactions.

Shapes: Q questions, M settings, R resamples.
"""

from collections.abc import Hashable, Mapping

import numpy as np
import pandas as pd

from hrnn.columns import ITEM_ID, TIMESTAMP, USER_ID
from hrnn.errors import ConfigError
from hrnn.evaluation.bootstrap import interval, resampled_means
from hrnn.evaluation.metrics import ndcg
from hrnn.evaluation.report import Report

K = 10
_ASKED = [USER_ID, ITEM_ID, TIMESTAMP]


def compare(reports: Mapping[Hashable, Report], model: str, seed: int = 0) -> pd.DataFrame:
    """Lay one model's NDCG@10 under several settings out.

    Args:
        reports: setting → report; all of the same questions.
        model: what each report calls the model.
        seed: of the bootstrap over users.

    Returns:
        A row a setting, in order: SETTING, VALUE, LOW, HIGH, and BEHIND, BEHIND_LOW, BEHIND_HIGH:
        how far the best setting is ahead, by a paired bootstrap; 0 for the best itself.

    Raises:
        ConfigError: there is none, or they measure different interactions.
    """
    if not reports:
        raise ConfigError("there is no report to compare; pass at least one")
    ranked = [
        one.questions.sort_values(_ASKED, kind="stable", ignore_index=True)
        for one in reports.values()
    ]
    for one in ranked[1:]:
        if not one[_ASKED].equals(ranked[0][_ASKED]):
            raise ConfigError(
                f"the settings were measured on different interactions ({len(ranked[0]):,} and"
                f" {len(one):,}); measure all on one split"
            )
    gain_QM = np.column_stack([ndcg(one[model].to_numpy(), K) for one in ranked])
    _, user_Q = np.unique(ranked[0][USER_ID].to_numpy(str), return_inverse=True)
    draws_RM = resampled_means(gain_QM, user_Q, seed)
    value_M, best = gain_QM.mean(0), int(gain_QM.mean(0).argmax())
    low_M, high_M = interval(draws_RM)
    behind_low_M, behind_high_M = interval(draws_RM[:, [best]] - draws_RM)
    return pd.DataFrame(
        {
            "SETTING": list(reports),
            "VALUE": value_M,
            "LOW": low_M,
            "HIGH": high_M,
            "BEHIND": value_M[best] - value_M,
            "BEHIND_LOW": behind_low_M,
            "BEHIND_HIGH": behind_high_M,
        }
    )
