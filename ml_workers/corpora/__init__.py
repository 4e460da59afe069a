"""Corpora of captioned pictures, read as streams: rows and features, whatever the files look like. Pure."""
