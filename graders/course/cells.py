"""How the cells of a unit's notebook are called, wherever one is made, graded or mended."""

QUESTION, ANSWER = "question-", "answer-"
"""Before the name of a question in the ids of its cells."""
TEST = "test-"
"""Before the name of a task in the id of the cell that checks it; nbgrader keeps its points there."""
SCHEMA = 3
"""Version of nbgrader's cell metadata."""
