"""Taking part: coming in, answering, saying, leaving, and where people come from."""
