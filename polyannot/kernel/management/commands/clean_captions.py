"""manage.py clean_captions captions.csv --out FOLDER: clean a table of captions before its import, with a report."""

from polyannot.kernel.model_command import ModelCommand


class Command(ModelCommand):
    """Repairs, rules and near-duplicates, each step counted; `--help` lists the options."""

    help = "Clean a table of captions: what is kept, what is dropped and why, counted by step."
    program = "ml_workers.clean"
