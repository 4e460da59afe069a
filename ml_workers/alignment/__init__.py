"""Aligning frozen towers: cached tower features, two trained heads, a model card."""
