"""Looking after an instrument: what is wrong with it, and how to mend that."""
