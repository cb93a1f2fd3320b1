"""The front panel as pure values: events, the state table, pages drawn to one-bit images."""
