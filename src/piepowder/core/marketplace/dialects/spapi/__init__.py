"""Amazon's Selling Partner API: Orders (both versions), Tokens, Sales and Sellers."""
