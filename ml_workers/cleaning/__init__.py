"""Cleaning of candidate captions (IMP C.3): pure steps with counts, reasons and undo."""
