"""Forms of this app, by part."""
