"""A class at a time: what is graded where, what is recorded when, and what happens to it when something dies."""
