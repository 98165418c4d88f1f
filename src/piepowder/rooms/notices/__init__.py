"""Letters to developers, sellers and staff: in their inbox here, and by mail. Who reads whose inbox, the caller says."""
