"""Work that a demonstration does not come with and its pages are to show: asked for through the API."""

import time
from typing import Any

import httpx
from playwright.sync_api import Page

PATIENCE_SECONDS = 900.0
WORK: tuple[tuple[str, dict[str, Any]], ...] = (
    ("sampling", {"wanted": 8, "reserve": 3}),
    ("evaluation", {}),
    ("cleaning", {"sources": ["demo-web", "demo-corpus"]}),
)
WEBHOOK = {
    "name": "Nightly statistics",
    "url": "https://statistics.example/hooks/polyannot",
    "kinds": ["job.done", "job.failed", "release.built"],
}


def token_of_an_admin(page: Page, address: str) -> str:
    """Return the secret of a token that whoever is signed in makes on the page of tokens."""
    page.goto(f"{address}/p/demo/tokens/")
    page.fill("input[name=name]", "Pictures")
    for scope in ("read", "write"):
        page.check(f"input[name=scopes][value={scope}]")
    page.click("main form button.button--primary")
    return page.locator("#token-secret").inner_text()


def have_done(address: str, secret: str) -> None:
    """Have each piece of work done by the workers, and make a webhook; raises TimeoutError where one is not done."""
    client = httpx.Client(
        base_url=f"{address}/api/v1/projects/demo/", headers={"Authorization": f"Bearer {secret}"}, timeout=60
    )
    with client:
        for kind, parameters in WORK:
            _done(client, kind, parameters)
        made = client.post("webhooks/", json=WEBHOOK).raise_for_status().json()
        client.post(f"webhooks/{made['id']}/test/").raise_for_status()


def _done(client: httpx.Client, kind: str, parameters: dict[str, Any]) -> None:
    asked = client.post("jobs/", json={"kind": kind, "parameters": parameters}).raise_for_status().json()
    ends_at = time.monotonic() + PATIENCE_SECONDS
    while asked["state"] not in {"done", "failed", "cancelled"}:
        if time.monotonic() > ends_at:
            raise TimeoutError(f"{kind} is still {asked['state']}")
        time.sleep(1)
        asked = client.get(f"jobs/{asked['id']}/").raise_for_status().json()
    if asked["state"] != "done":
        raise RuntimeError(f"{kind} is {asked['state']}: {asked['error']}")
