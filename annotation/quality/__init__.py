"""What tells good work from bad over time: control charts, the effect of feedback, estimated labels, genericness."""
