"""Filters for the pages of studies."""
