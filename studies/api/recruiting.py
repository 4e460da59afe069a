"""Recruiting through the API: the link, links for one person each, what a platform knows of its people."""

from collections import Counter
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from projects.api.door import ProjectApiView
from projects.api.once import kept, once
from projects.models import Role, Scope
from studies.access import study_of
from studies.models import PlatformIdentity, Recruiting
from studies.taking.identities import erase_identities, identities_csv
from studies.taking.inviting import (
    MOST_AT_ONCE,
    ListedLink,
    call_back_unused,
    links_of,
    links_with_users,
    make_links,
)
from studies.taking.submissions import MOST_BYTES, read_submissions, take_submissions
from studies.views.recruiting import LINK_STATES, entry_link
from studies.views.visits import LINK_PARAMETER

LINK_CHOICES = [(name, name) for name in LINK_STATES]


class LinkCountsOut(serializers.Serializer[Any]):
    """How many single-use links stand how; `used` is whoever declined, stopped or withdrew."""

    unused = serializers.IntegerField()
    begun = serializers.IntegerField()
    finished = serializers.IntegerField()
    used = serializers.IntegerField()


class RecruitingOut(serializers.Serializer[Any]):
    """How people come in; `link` is null before the launch."""

    recruiting = serializers.ChoiceField(choices=Recruiting.choices)
    link = serializers.CharField(allow_null=True, help_text="With a platform's gaps where one recruits.")
    links = LinkCountsOut()
    n_platform_ids = serializers.IntegerField(help_text="People whose ids of a platform are kept, encrypted.")


class StudyRecruiting(ProjectApiView):
    """How people come into a study."""

    serializer_class = RecruitingOut
    read_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_recruiting")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Return the link for participants and the numbers of links."""
        study = study_of(self.access, study_id)
        found = Counter(link.state for link in links_of(study))
        return Response(
            {
                "recruiting": study.recruiting,
                "link": None if study.is_draft else entry_link(request, study),
                "links": {state: found[state] for state in LINK_STATES},
                "n_platform_ids": PlatformIdentity.objects.filter(participant__study=study).count(),
            }
        )


class LinkOut(serializers.Serializer[Any]):
    """A link for one person, known by its number; itself it is not kept."""

    number = serializers.IntegerField()
    state = serializers.SerializerMethodField()
    made_at = serializers.DateTimeField()

    def get_state(self, link: Any) -> str:
        """Return unused, begun, finished, or used where more would say who declined or withdrew."""
        return ListedLink(link.pk, link.number, link.made_at, link.used_as).state


class LinksIn(serializers.Serializer[Any]):
    """How many links to make."""

    count = serializers.IntegerField(min_value=1, max_value=MOST_AT_ONCE)


class NewLinkOut(serializers.Serializer[Any]):
    """A link just made."""

    number = serializers.IntegerField()
    link = serializers.CharField()


class NewLinksOut(serializers.Serializer[Any]):
    """New links, told this once; null where the request is sent again."""

    links = NewLinkOut(many=True, allow_null=True)


class StudyLinks(ProjectApiView):
    """The links for one person each, by number."""

    serializer_class = LinkOut
    read_rule = write_rule = (Role.RESEARCHER,)
    oldest_first = True

    @extend_schema(operation_id="studies_links_list")
    def get(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """List the links with their states."""
        return self.paged(links_with_users(study_of(self.access, study_id)))

    @kept
    @extend_schema(operation_id="studies_links_create", request=LinksIn, responses={201: NewLinksOut})
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Make links; they are stored hashed and cannot be told again."""
        study = study_of(self.access, study_id)
        given = LinksIn(data=request.data)
        given.is_valid(raise_exception=True)
        door = request.build_absolute_uri(reverse("survey-door", args=[study.slug]))

        def made() -> Response:
            links = make_links(study=study, actor=self.person, **given.validated_data)
            told = [{"number": row.number, "link": f"{door}?{LINK_PARAMETER}={row.secret}"} for row in links]
            return Response({"links": told}, status=201, headers={"Cache-Control": "no-store"})

        return once(request, made, secret_fields=("links",))


class CalledBackOut(serializers.Serializer[Any]):
    """How many links are worthless now."""

    n_called_back = serializers.IntegerField()


class StudyLinksCallBack(ProjectApiView):
    """Calling links back."""

    serializer_class = CalledBackOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_links_call_back", request=None, responses=CalledBackOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Make the links that nobody has opened worthless; whoever has begun goes on."""
        count = call_back_unused(study=study_of(self.access, study_id), actor=self.person)
        return Response({"n_called_back": count})


class StudyPlatformIds(ProjectApiView):
    """The ids under which a platform knows its people."""

    serializer_class: type[serializers.Serializer[Any]] | None = None
    read_rule = write_rule = (Role.RESEARCHER,)
    # What names single people is for tokens that may read single judgments.
    write_scope = Scope.JUDGMENTS

    @extend_schema(
        operation_id="studies_platform_ids",
        request=None,
        responses={(200, "text/csv"): OpenApiResponse(OpenApiTypes.BINARY)},
    )
    def post(self, request: Request, project_slug: str, study_id: UUID) -> HttpResponse:
        """Send them as CSV with state and code, for paying people; that they were given out is noted."""
        content = identities_csv(study=study_of(self.access, study_id), actor=self.person)
        headers = {"Cache-Control": "no-store"}
        return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


class ErasedOut(serializers.Serializer[Any]):
    """How many people a platform's ids were erased of."""

    n_erased = serializers.IntegerField()


class StudyPlatformErase(ProjectApiView):
    """Erasing a platform's ids."""

    serializer_class = ErasedOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_platform_ids_erase", request=None, responses=ErasedOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Erase the ids of a closed study; answers stay, as nobody's in person."""
        count = erase_identities(study=study_of(self.access, study_id), actor=self.person)
        return Response({"n_erased": count})


class SubmissionsIn(serializers.Serializer[Any]):
    """A platform's table of submissions, as it gives it out."""

    table = serializers.CharField(
        max_length=MOST_BYTES, help_text="CSV with the columns “Participant id” and “Status”."
    )


class ReconciledOut(serializers.Serializer[Any]):
    """How the platform's table and the study's own rows meet, in people."""

    people = serializers.IntegerField()
    freed = serializers.IntegerField(help_text="Gave up there; their cards go to others now.")
    finished_yet_returned = serializers.IntegerField()
    handed_in_unfinished = serializers.IntegerField()
    unknown = serializers.IntegerField(help_text="Never came here.")


class StudySubmissions(ProjectApiView):
    """What a platform says became of its people."""

    serializer_class = ReconciledOut
    read_rule = write_rule = (Role.RESEARCHER,)

    @extend_schema(operation_id="studies_submissions", request=SubmissionsIn, responses=ReconciledOut)
    def post(self, request: Request, project_slug: str, study_id: UUID) -> Response:
        """Take the table; places of people who gave up there go to others. Taking it twice changes nothing more."""
        study = study_of(self.access, study_id)
        given = SubmissionsIn(data=request.data)
        given.is_valid(raise_exception=True)
        states = read_submissions(given.validated_data["table"].encode())
        return Response(asdict(take_submissions(study=study, states=states, actor=self.person)))
