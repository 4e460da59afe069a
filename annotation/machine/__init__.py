"""The side of the models: asking for work, the port that workers write through, and what pages show of it."""
