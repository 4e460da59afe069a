"""How `make docs` builds the pages of this folder: Sphinx with MyST, links and headings checked."""  # noqa: INP001

project = "polyannot"
author = "polyannot"
copyright = "the authors of polyannot"  # noqa: A001
extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
root_doc = "index"
exclude_patterns = ["README.md", "built"]
html_theme = "furo"
html_title = "polyannot"
html_copy_source = False
html_show_sphinx = False
# Headings can be linked to, as where the files are read as they are.
myst_heading_anchors = 3
