"""Imported once, after everything else: what lives for good is no business of the collector.

Streamlit collects garbage after each run of a page; with pandas, Altair and Plotly loaded that
took longer than drawing the page (docs/decisions.md).
"""

import gc

gc.collect()
gc.freeze()
