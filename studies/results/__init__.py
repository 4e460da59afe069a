"""What the answers come to: pure figures, the job that computes them, and what may leave the house."""
