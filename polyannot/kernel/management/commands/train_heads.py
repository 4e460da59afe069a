"""manage.py train_heads IMAGES captions.csv --variant lite2 --out FOLDER: train projection heads on frozen towers."""

from polyannot.kernel.model_command import ModelCommand


class Command(ModelCommand):
    """Train the two heads of an image-text model on one's own captions; `--help` lists the options."""

    help = "Train projection heads on frozen towers from a folder of images and a table of captions."
    program = "ml_workers.train_heads"
