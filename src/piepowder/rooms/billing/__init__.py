"""Price plans, sellers' subscriptions, the marketplace's commission, monthly statements as exact decimals."""
