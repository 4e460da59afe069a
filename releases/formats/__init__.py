"""The files of a release in the formats of other tools: each written here, from the snapshot alone."""
