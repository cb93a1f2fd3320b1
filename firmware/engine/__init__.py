"""The shell around the pure core: clock, queue, owner thread, player, inference worker."""
