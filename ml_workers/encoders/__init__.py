"""Encoders of images and texts. Whoever imports one keeps freed memory: small networks take half the time by it."""

from ml_workers.encoders.freed_memory import keep_freed_memory

keep_freed_memory()
