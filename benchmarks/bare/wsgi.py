"""Two addresses: the next task, and its answer."""

import json
import os

from django.contrib.auth.decorators import login_required
from django.core.wsgi import get_wsgi_application
from django.db import transaction
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import path
from django.views.decorators.http import require_GET, require_POST

os.environ["DJANGO_SETTINGS_MODULE"] = "benchmarks.bare.settings"
os.environ.setdefault("DATABASE_POOL", "yes")
application = get_wsgi_application()

from benchmarks.bare.models import Answer, Task  # noqa: E402


@require_GET
@login_required
def next_task(request: HttpRequest) -> HttpResponse:
    """Give the person the first task that nobody has."""
    with transaction.atomic():
        task = Task.objects.filter(state=0).order_by("id").select_for_update(skip_locked=True).first()
        if task is None:
            return JsonResponse({}, status=404)
        task.state = 1
        task.given_to = request.user
        task.save(update_fields=["state", "given_to"])
    return JsonResponse({"task": task.pk, "text": task.text})


@require_POST
@login_required
def submit(request: HttpRequest) -> HttpResponse:
    """Take the answer to a task that the person was given."""
    told = json.loads(request.body)
    with transaction.atomic():
        given = Task.objects.select_for_update().filter(state=1, given_to=request.user)
        task = get_object_or_404(given, pk=told["task"])
        answer = Answer.objects.create(task=task, author=request.user, label=told["label"])
        task.state = 2
        task.save(update_fields=["state"])
    return JsonResponse({"answer": answer.pk})


urlpatterns = [path("next", next_task), path("submit", submit)]
