"""Students' requests to look again at a task: kept in the gradebook, decided by a person, a lesson to the graders."""
