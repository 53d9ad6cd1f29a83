"""The commands of `backcheck`, a module a group; graders/cli.py names them all.

Students' wheels hold them too: what those lack, and what is slow to load, is imported by the command that needs it.
"""
