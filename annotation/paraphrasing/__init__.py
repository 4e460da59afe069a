"""Paraphrase candidates asked of a language model that the operator named (docs/algorithms/paraphrases.md)."""
