"""What people hand in, read with suspicion: a file, a notebook, a folder, an archive -> one Submission."""
