"""The work of annotators: batches, the queue, leases, judgments, and what the workspace shows."""
