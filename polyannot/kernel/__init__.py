"""The shared floor: errors, typed requests, text, files; no models."""
