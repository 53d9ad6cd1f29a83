"""The reference beside torch: workloads, both sides timed in turn, ratios with their intervals, kept thresholds."""
