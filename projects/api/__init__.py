"""The floor of the API: tokens, doors, errors, pages, limits, and the nouns of this package."""
