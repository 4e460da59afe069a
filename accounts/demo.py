"""The accounts of a demonstration: one for each role, with a password that everybody may know.

They exist only where POLYANNOT_DEMO is set, on a server that listens on this machine alone.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """One account to try: its role in words, sign-in name and password."""

    role: str | Promise
    username: str
    display_name: str
    password: str
    project_role: str


DEMO_ACCOUNTS = (
    DemoAccount(_("Annotator"), "annotator-a", "Annotator A", "demo-annotator-a", "annotator"),
    DemoAccount(_("Annotator"), "annotator-b", "Annotator B", "demo-annotator-b", "annotator"),
    DemoAccount(_("Head annotator"), "head", "Head annotator", "demo-head", "head"),
    DemoAccount(_("Researcher"), "researcher", "Researcher", "demo-researcher", "researcher"),
    DemoAccount(_("Project admin"), "admin", "Project admin", "demo-admin", "admin"),
    DemoAccount(_("Site admin"), "site-admin", "Site admin", "demo-site-admin", ""),
)
