"""Learning to put a band around a melody: corpora, shards, networks at work, figures."""
