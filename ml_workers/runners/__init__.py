"""The kinds of job that the model workers run, a module each: each joins pure code with the store."""
