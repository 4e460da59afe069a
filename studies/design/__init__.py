"""Which pairs a study shows to whom: pure code, every choice from its seed."""
