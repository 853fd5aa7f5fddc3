"""One file a page: guard, inputs, one call, draw."""
