"""The developer's pages: overview, questions, handing in, and what became of it."""
