"""Make the tables of the bare application, its tasks and its people; print the session key of each as JSON.

DATABASE_URL=... python -m benchmarks.bare.fill TASKS PEOPLE
"""

import json
import os
import sys

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare.settings"
django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402

from benchmarks.bare.models import Task  # noqa: E402
from benchmarks.web_load import signed_in  # noqa: E402


def main() -> None:
    """Fill the database that DATABASE_URL names."""
    n_tasks, n_people = int(sys.argv[1]), int(sys.argv[2])
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)
    rows = (Task(text=f"A caption of image {number}.") for number in range(n_tasks))
    Task.objects.bulk_create(rows, batch_size=5000)
    people = [User.objects.create_user(f"annotator-{number}") for number in range(n_people)]
    print(json.dumps([signed_in(person) for person in people]))


if __name__ == "__main__":
    main()
