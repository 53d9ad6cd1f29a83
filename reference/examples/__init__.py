"""Worked examples and experiments on the reference: python -m reference.examples NAME.

The training itself needs NumPy; real data come from scikit-learn, progress bars from rich, pictures from matplotlib.
"""
