"""What lives for good is no business of the garbage collector.

Streamlit collects after each run of a page, which with pandas, Altair and torch loaded took longer
than drawing the page (docs/decisions.md). What is loaded later is frozen when it has been loaded.
"""

import gc
import sys

_seen: set[str] = set()
_HEAVY = ("streamlit", "pandas", "altair", "plotly", "torch")


def freeze() -> None:
    """Take what is alive out of the collector's sight, once for each heavy library loaded.

    Nothing is collected before: imports leave no garbage, and Streamlit has collected that of runs.
    """
    loaded = {name for name in _HEAVY if name in sys.modules}
    if loaded - _seen:
        _seen.update(loaded)
        gc.freeze()
