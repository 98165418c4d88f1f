"""The pages of billing: of sellers, developers and staff, and the statements that two of them read."""
