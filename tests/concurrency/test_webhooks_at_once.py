"""Webhooks that are deleted while something happens that they are told of: no act fails for it."""

from functools import partial

import pytest
from django.db import transaction

from projects.models import Role, Webhook, WebhookDelivery
from projects.telling import tell
from projects.webhooks import delete_webhook, make_webhook
from tests import factories as make
from tests.concurrency.at_once import during

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_webhook_is_deleted_only_after_or_before_what_is_told_meanwhile() -> None:
    project = make.make_project()
    admin = make.add_member(project, Role.ADMIN)

    def hooked() -> Webhook:
        url = "https://listener.invalid/hook"
        return make_webhook(project=project, actor=admin, name="Lab", url=url, kinds=["job.done"])[0]

    telling = partial(tell, project=project, kind="job.done", row="jobs/1/")
    first = hooked()
    with transaction.atomic():
        tab = during(telling, partial(delete_webhook, webhook=first, actor=admin))
        assert WebhookDelivery.objects.filter(webhook=first).count() == 1
    tab.join()
    assert not Webhook.objects.exists()
    second = hooked()
    with transaction.atomic():
        tab = during(partial(delete_webhook, webhook=second, actor=admin), telling)
    tab.join()
    assert not WebhookDelivery.objects.exists()
