"""What a student starts from, made of the handouts and the reference: the stub, the notebook, the handout."""
