"""Fast forms beside the plain ones: the same signatures and contracts, NumPy only, written for speed, not for reading.

What they have in common: passes over pieces that stay in the cache, temporaries that are written in place, products
instead of sums and loops. A caller's arrays are never changed, and results are new arrays. A test holds every one of
them to its plain form.
"""
