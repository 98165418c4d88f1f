"""Words for the pages of the app store."""
