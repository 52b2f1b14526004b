"""Sessions graded by pairs of models and tries: the pure parts."""
