"""The text of captions: versions, edits, search, find-and-fix, and what changed texts leave out of date."""
