"""Releases: frozen, checksummed snapshots of a project that others can trust and load."""
