"""Words for the pages of billing."""
