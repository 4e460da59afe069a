"""Addresses of participants, who have a link and no account."""

from django.urls import path

from studies.views import survey, survey_door, survey_leaving, survey_saying

urlpatterns = [
    path("<slug:slug>/", survey_door.door, name="survey-door"),
    path("<slug:slug>/closed/<slug:reason>/", survey_door.closed, name="survey-closed"),
    path("<slug:slug>/go/", survey.show_place, name="survey"),
    path("<slug:slug>/consent/", survey.consent, name="survey-consent"),
    path("<slug:slug>/begin/", survey.begin_cards, name="survey-begin"),
    path("<slug:slug>/answer/", survey.answer, name="survey-answer"),
    path("<slug:slug>/questions/", survey_saying.questions, name="survey-questions"),
    path("<slug:slug>/report/", survey_saying.report, name="survey-report"),
    path("<slug:slug>/instructions/", survey.instructions, name="survey-instructions"),
    path("<slug:slug>/link/", survey.personal_link, name="survey-link"),
    path("<slug:slug>/image/<uuid:card_id>/", survey.picture, name="survey-image"),
    path("<slug:slug>/withdraw/", survey_leaving.withdraw_page, name="survey-withdraw"),
    path("<slug:slug>/withdraw/code/", survey_leaving.withdraw_with_code, name="survey-withdraw-code"),
    path("<slug:slug>/<path:_rest>", survey.elsewhere, name="survey-elsewhere"),
]
