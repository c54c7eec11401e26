"""How good a planner is: tasks that nobody trained on, closed-loop trials, scores."""
