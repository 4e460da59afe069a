"""What brings captions of a corpus into pools, and in which order they are shown: pure code."""
