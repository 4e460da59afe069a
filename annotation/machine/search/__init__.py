"""Finding images by words and captions by pictures, and the indexes that make it quick."""
