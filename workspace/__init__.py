"""Everything that lasts: datasets, runs and the worker that trains them. No streamlit."""
