"""People of a project, its history, and what head annotators decide: scopes `people` and `review`."""

from collections.abc import Iterator

from polyannot_client.place import Place
from polyannot_client.rows import HistoryEvent, Person, Question, Row, reader

as_person = reader(Person)
as_question = reader(Question)


class Deciding(Place):
    """People, questions, edits, judgments under review and final labels."""

    def people(self, **filters: object) -> Iterator[Person]:
        """Yield the people of the project in the order they came: filters are role, is_running."""
        return self.pages("people/", as_person, **filters)

    def let_in(self, username: str, role: str) -> Person:
        """Let somebody who has an account work here: annotator, head, researcher or admin."""
        return as_person(self.post("people/", {"username": username, "role": role}))

    def set_role(self, person: Person, role: str) -> Person:
        """Give somebody another role."""
        return as_person(self.post(f"people/{person.id}/role/", {"role": role}))

    def end_work(self, person: Person) -> Person:
        """End somebody's work here; their judgments stay theirs."""
        return as_person(self.post(f"people/{person.id}/end/"))

    def history(self, **filters: object) -> Iterator[HistoryEvent]:
        """Yield who did what, newest first: filters are act, person, happened_after."""
        return self.pages("history/", reader(HistoryEvent), **filters)

    def questions(self, **filters: object) -> Iterator[Question]:
        """Yield what annotators asked, newest first; the filter is state."""
        return self.pages("questions/", as_question, **filters)

    def answer_question(self, question: Question, answer: str) -> Question:
        """Answer; refused where somebody else has answered since the question was read."""
        given = {"answer": answer, "seen": question.answer}
        return as_question(self.post(f"questions/{question.id}/answer/", given))

    def edits(self, **filters: object) -> Iterator[Row]:
        """Yield the edits that may be seen, newest first: filters are state, caption, image."""
        return self.pages("edits/", **filters)

    def decide_edit(self, edit_id: str, *, accept: bool) -> Row:
        """Accept or reject somebody else's edit."""
        return self.post(f"edits/{edit_id}/decide/", {"accept": accept})

    def adjudicate(self, version_id: str, label: str, *, note: str = "", seen: str | None = None) -> Row:
        """Give a version its final label; with `seen` refused where another one stands than that which was read."""
        given = {"version": version_id, "label": label, "note": note, "seen": seen}
        return self.post(
            "adjudications/", {name: value for name, value in given.items() if value is not None}
        )

    def review_items(self, round_id: str, **filters: object) -> Iterator[Row]:
        """Yield the judgments of a round in the order they were drawn; the filter is state."""
        return self.pages(f"review-rounds/{round_id}/items/", **filters)

    def accept_item(self, item_id: str, *, comment: str = "") -> Row:
        """Accept a judgment under review with its edit."""
        return self.post(f"review-items/{item_id}/accept/", {"comment": comment})

    def return_item(self, item_id: str, comment: str, *, guideline_section: str = "") -> Row:
        """Send a judgment back to its annotator with a comment."""
        given = {"comment": comment, "guideline_section": guideline_section}
        return self.post(f"review-items/{item_id}/return/", given)

    def reopen_item(self, item_id: str) -> Row:
        """Take one's own acceptance back."""
        return self.post(f"review-items/{item_id}/reopen/")
