"""The shared floor: errors, middleware, text, starting programs; no models."""
