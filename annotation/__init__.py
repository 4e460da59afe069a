"""Images, candidate captions, judgments, edits, review, agreement, difficulty."""
