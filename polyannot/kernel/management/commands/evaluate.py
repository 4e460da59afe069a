"""manage.py evaluate IMAGES captions.csv --encoder NAME --json: retrieval figures of an encoder, both ways, with n."""

from polyannot.kernel.model_command import ModelCommand


class Command(ModelCommand):
    """R@1/5/10 from images to captions and back; `--help` lists the options."""

    help = "Retrieval figures of an encoder over a folder of images and a table of captions."
    program = "ml_workers.evaluate"
