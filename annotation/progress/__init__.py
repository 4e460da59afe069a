"""What the project concludes about captions and images, and how far it is: verdicts, tallies, targets, swaps."""
