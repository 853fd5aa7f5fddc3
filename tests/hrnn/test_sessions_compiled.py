"""Loops are compiled when the app is installed, and numba comes when one is first called."""

import subprocess
import sys

from hrnn import segment, suggest_timeout, sweep_timeouts, warm_up
from hrnn.sessions import loops
from tests.hrnn.logs import csv_log
from tests.hrnn.test_sessions import log
from tests.hrnn.test_suggestion import TWO, gap_log, humps

LOOPS = ("number_by_gaps", "number_by_ids", "sweep", "count_gaps", "resample_gaps")


def compiled_for() -> dict[str, list]:
    return {name: list(getattr(loops, name).signatures) for name in LOOPS}


def test_after_warming_up_nothing_is_compiled():
    warm_up.main()
    before = compiled_for()
    assert all(before.values())
    data = log(("a", 0, "s"), ("a", 60, None), ("b", 0, None))
    for one in (data, data.of_user("a"), data.take(data.time_us > 0)):
        segment(one)
        segment(one, use_session_ids=False)
        sweep_timeouts(one, [1, 30])
    assert suggest_timeout(gap_log(humps(*TWO))).low is not None
    assert compiled_for() == before


def test_reading_a_log_brings_no_numba_and_cutting_it_no_torch():
    rows = csv_log("u,a,1", "u,b,2")
    code = (
        "import sys, hrnn, hrnn.sessions\n"
        f"data = hrnn.read_interactions({rows!r})\n"
        "assert 'numba' not in sys.modules\n"
        "hrnn.segment(data), hrnn.sweep_timeouts(data), hrnn.suggest_timeout(data)\n"
        "assert 'torch' not in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
