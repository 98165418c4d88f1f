"""Documents handed in as evidence: looked into before they are kept, encrypted at rest, handed out as downloads only."""
