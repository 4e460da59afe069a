"""The nouns of annotation in the API, version 1."""
