"""Studies in the API, a module for each noun; aggregates only, except where answers are exported by name."""
