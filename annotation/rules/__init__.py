"""What annotators go by: sets of labels, guidelines, known answers, onboarding, gold."""
