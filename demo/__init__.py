"""The demonstration project: real photographs, captions written for them, and seeded work played through the acts."""
