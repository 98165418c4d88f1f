"""The app store: listings, the data label (declared beside observed), ratings, search, staged roll-out."""
