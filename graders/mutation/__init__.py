"""Mistakes nobody listed: small changes of the reference, made by rule, which the graders must notice.

`python -m graders.mutation` draws some, grades each like a submission and lists those that nothing noticed. Every one
of these is read: it shows a hole in the graders, or it is argued in `equivalent.toml` why no grader can tell.
"""
