"""Difficulty of pairs: what the pages show of votes, thresholds and captions chosen by them; robustness."""
