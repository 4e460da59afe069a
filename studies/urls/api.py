"""Addresses of studies in the API."""

from django.urls import path

from studies.api import acts, declaring, designs, monitoring, recruiting, results, sets, studies

STUDIES = "projects/<slug:project_slug>/studies/"
STUDY = f"{STUDIES}<uuid:study_id>/"

urlpatterns = [
    path(STUDIES, studies.StudyList.as_view(), name="api-studies"),
    path(STUDY, studies.StudyDetail.as_view(), name="api-study"),
    path(f"{STUDY}copy/", studies.StudyCopy.as_view(), name="api-study-copy"),
    path(f"{STUDY}design/", designs.StudyDesignView.as_view(), name="api-study-design"),
    path(f"{STUDY}texts/", designs.StudyTexts.as_view(), name="api-study-texts"),
    path(f"{STUDY}plan/", designs.StudyPlanView.as_view(), name="api-study-plan"),
    path(f"{STUDIES}policy/", declaring.StudyPolicyView.as_view(), name="api-study-policy"),
    path(f"{STUDY}approve/", declaring.StudyApprove.as_view(), name="api-study-approve"),
    path(f"{STUDY}preregistration/", declaring.StudyDeclared.as_view(), name="api-study-declared"),
    path(f"{STUDY}deviations/", declaring.StudyDeviations.as_view(), name="api-study-deviations"),
    path(f"{STUDY}pairs/", sets.StudyPairs.as_view(), name="api-study-pairs"),
    path(f"{STUDY}sets/", sets.StudySets.as_view(), name="api-study-sets"),
    path(f"{STUDY}sets/remove/", sets.StudySetRemove.as_view(), name="api-study-set-remove"),
    path(f"{STUDY}recruiting/", recruiting.StudyRecruiting.as_view(), name="api-study-recruiting"),
    path(f"{STUDY}links/", recruiting.StudyLinks.as_view(), name="api-study-links"),
    path(f"{STUDY}links/call-back/", recruiting.StudyLinksCallBack.as_view(), name="api-study-call-back"),
    path(f"{STUDY}platform-ids/", recruiting.StudyPlatformIds.as_view(), name="api-study-platform-ids"),
    path(
        f"{STUDY}platform-ids/erase/",
        recruiting.StudyPlatformErase.as_view(),
        name="api-study-platform-erase",
    ),
    path(f"{STUDY}submissions/", recruiting.StudySubmissions.as_view(), name="api-study-submissions"),
    path(f"{STUDY}backgrounds/", monitoring.StudyBackgrounds.as_view(), name="api-study-backgrounds"),
    path(f"{STUDY}reports/", monitoring.StudyReports.as_view(), name="api-study-reports"),
    path(f"{STUDY}figures/", results.StudyFigures.as_view(), name="api-study-figures"),
    path(f"{STUDY}results/", results.StudyResultDetail.as_view(), name="api-study-results"),
    path(f"{STUDY}results/pairs/", results.StudyResultPairs.as_view(), name="api-study-result-pairs"),
    path(f"{STUDY}results/figures.json", results.StudyFiguresFile.as_view(), name="api-study-figures-json"),
    path(f"{STUDY}results/pairs.csv", results.StudyPairsFile.as_view(), name="api-study-pairs-csv"),
    path(f"{STUDY}results/perfect.csv", results.StudyPerfectFile.as_view(), name="api-study-perfect-csv"),
    path(f"{STUDY}results/public.zip", results.StudyPublicFile.as_view(), name="api-study-public"),
    path(f"{STUDY}results/answers.zip", results.StudyAnswersFile.as_view(), name="api-study-answers"),
    path(
        f"{STUDY}results/drawings/<slug:drawing>.<slug:form>",
        results.StudyDrawing.as_view(),
        name="api-study-drawing",
    ),
    path(f"{STUDY}launch/", acts.StudyLaunch.as_view(), name="api-study-launch"),
    path(f"{STUDY}pause/", acts.StudyPause.as_view(), name="api-study-pause"),
    path(f"{STUDY}resume/", acts.StudyResume.as_view(), name="api-study-resume"),
    path(f"{STUDY}close/", acts.StudyClose.as_view(), name="api-study-close"),
    path(f"{STUDY}extend/", acts.StudyExtend.as_view(), name="api-study-extend"),
    path(f"{STUDY}pilot/", acts.StudyPilot.as_view(), name="api-study-pilot"),
    path(f"{STUDY}pilot/delete/", acts.StudyPilotDelete.as_view(), name="api-study-pilot-delete"),
    path(f"{STUDY}tests/", acts.StudyTests.as_view(), name="api-study-tests"),
    path(f"{STUDY}tests/delete/", acts.StudyTestsDelete.as_view(), name="api-study-tests-delete"),
]
