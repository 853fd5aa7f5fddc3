"""From a file to interactions, with a report."""
