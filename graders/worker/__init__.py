"""UNTRUSTED side: what runs beside student code. Standard library and NumPy only; imports nothing of ours."""
