"""Scores of pairs from elsewhere: their import, their comparison with encoders, and its drawings."""
