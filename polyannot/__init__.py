"""polyannot: build an image-caption data set by hand with a research group, and prove its quality."""
