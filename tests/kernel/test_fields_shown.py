"""Fields of forms as pages show them: what is said of a field is text, not HTML, unless it is marked as safe."""

from django import forms
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe


class Told(forms.Form):
    """A form with fields of three kinds, whose hints hold a tag."""

    text = forms.CharField(help_text="so <person> can be written")
    is_done = forms.BooleanField(help_text="or <person> there")
    listed = forms.CharField(help_text=mark_safe("<ul><li>as a list</li></ul>"))


def test_a_tag_in_a_hint_is_read_and_not_made() -> None:
    form = Told()
    shown = [render_to_string("partials/field.html", {"field": form[name]}) for name in form.fields]
    assert "so &lt;person&gt; can be written" in shown[0]
    assert "or &lt;person&gt; there" in shown[1]
    assert "<li>as a list</li>" in shown[2]
