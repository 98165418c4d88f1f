"""Pages of the store: for sellers who look around, for developers who write listings, for the marketplace's staff."""
