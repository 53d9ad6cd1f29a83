"""How fast a submission is beside the plain reference: three parties, one clock, and what follows from it.

`workload` makes the inputs, `stand` runs submission, reference and a stand-in for nothing at all in turn and reads the
clock, `statistic` decides, `limits` holds what was measured of right variants. `python -m graders.throughput` measures
those, and the protocol's own rate of errors.
"""
