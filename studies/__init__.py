"""Studies: the survey of hard pairs with distractors, from design to results."""
