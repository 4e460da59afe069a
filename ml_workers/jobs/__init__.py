"""One file a job: read, compute, write; reader and writer are given, nothing here knows the database."""
