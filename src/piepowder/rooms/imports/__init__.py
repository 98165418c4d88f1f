"""What a marketplace has already: developers, apps, grants and token digests from files, with a dry run and a way back."""
