"""Addresses of this app, by part."""
