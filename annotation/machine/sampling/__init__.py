"""The choice of images: asking, the port, the drawing, the page."""
