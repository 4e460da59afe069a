"""Images and candidate captions coming in: asked for, read, written, and made smaller for the pages."""
