"""Views of a graded Report: terminal, HTML page, JSON, JUnit XML, a class as CSV. They compute nothing."""
