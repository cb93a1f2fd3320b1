"""Desktop only: corpora, models, training, evaluation."""
