"""Head annotators on the work of others: rounds, feedback, final labels, questions and precedents."""
