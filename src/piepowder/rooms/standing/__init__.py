"""What each developer and app may do just now, and why. Status is not permission: a table maps one to the other."""
