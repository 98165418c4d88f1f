"""What the court goes by: states and clocks, the ladder, who may judge, what a finding and a statement of reasons are. Pure."""
