"""What scripts and the browser's own code send and get."""
