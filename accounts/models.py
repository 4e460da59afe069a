"""The person who signs in; participants of studies have no account."""

import uuid
from typing import ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class UserAccounts(BaseUserManager["User"]):
    """Makes accounts; a password is always hashed."""

    def create_user(self, username: str, password: str | None = None, *, display_name: str = "") -> "User":
        """Create an ordinary account; without a password nobody can sign in to it."""
        user = self.model(username=self.model.normalize_username(username), display_name=display_name)
        user.set_password(password)
        user.full_clean(exclude=["password"])
        user.save(using=self._db)
        return user

    def create_superuser(
        self, username: str, password: str | None = None, *, display_name: str = ""
    ) -> "User":
        """Create a site admin: makes projects and accounts, sees health and jobs, reads no answers."""
        user = self.create_user(username, password, display_name=display_name)
        user.is_superuser = True
        user.save(update_fields=["is_superuser"])
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """An account: the least that is needed to sign in and to sign work.

    Erasing replaces username and display name by a pseudonym and keeps the row, so that authorship stays.
    """

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    username = models.CharField(
        _("sign-in name"),
        max_length=60,
        unique=True,
        validators=[UnicodeUsernameValidator()],
        error_messages={"unique": _("Somebody already signs in with this name.")},
    )
    display_name = models.CharField(_("name shown to others"), max_length=80, blank=True)
    is_active = models.BooleanField(default=True)
    date_joined = models.DateTimeField(auto_now_add=True)
    erased_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserAccounts] = UserAccounts()

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.display_name or self.username

    @property
    def is_site_admin(self) -> bool:
        """Say whether this person makes projects and accounts for the whole site."""
        return self.is_superuser and self.is_active
