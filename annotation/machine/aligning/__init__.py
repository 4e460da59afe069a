"""Text towers trained on: the port of the job, and what the page shows."""
