"""A class as a whole: scores, misunderstandings, what its tasks tell apart. Reports go in, one page comes out."""
