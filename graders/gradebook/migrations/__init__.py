"""How the gradebook's tables came to be what they are; graders/gradebook/versions.py carries it out."""
