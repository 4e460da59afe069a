"""The port of the model workers: what they read, and what they write back. Only ml_workers.store speaks to it.

Every write is an upsert of whole rows in one statement, so that a chunk that is computed twice, or was written just
before its worker died, changes nothing. Arrays are NumPy's; vectors are kept as half floats.
"""
