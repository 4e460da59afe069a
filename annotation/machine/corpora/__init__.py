"""What stands beside a project: corpus images near its own, pools, leakage, polysemy against a corpus."""
