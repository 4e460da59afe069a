"""The benchmark: its ports, its tables, its single pairs, and what its pages show."""
