"""The reference: every layer, loss, network and training loop of the course, forward beside backward.

Plain functions on arrays of any library that follows the array API standard, NumPy by default. One family a
file; samples are rows; dtype in is dtype out; no argument is ever changed. A file imports NumPy and its
siblings only, by plain `from reference.x import name` lines, and no two files define the same name, so that
the texts of the files joined together are one self-contained submission.
"""
