"""Changing many things as one act, each of which can be undone: texts by find-and-fix, images by swaps."""

from collections.abc import Iterator, Sequence

from polyannot_client.place import Place
from polyannot_client.rows import Row


class Changing(Place):
    """Find-and-fix over captions, and reserves in the place of images."""

    def draft_fix(self, pattern: str, replacement: str, kinds: Sequence[str], **wanted: object) -> Row:
        """Keep a find-and-fix to look at, over the captions of a filter; nothing is changed.

        `wanted` are scope (a filter as in `captions(search=...)`), is_whole_word, is_case_sensitive, accepts.
        """
        given = {"pattern": pattern, "replacement": replacement, "kinds": list(kinds), **wanted}
        return self.post("caption-fixes/", given)

    def fix_preview(self, fix: Row) -> Iterator[Row]:
        """Yield the captions that a draft finds, each with what it would become."""
        return self.pages(f"caption-fixes/{fix['id']}/preview/")

    def leave_out(self, fix: Row, versions: Sequence[str]) -> Row:
        """Leave versions of a draft as they are; return the draft with its new count."""
        return self.post(f"caption-fixes/{fix['id']}/leave-out/", {"leave_out": list(versions)})

    def apply_fix(self, fix: Row) -> Row:
        """Change what was read: refused where a draft would change more or fewer captions by now."""
        n_named = fix["draft"]["n_ticked"] if fix["draft"] else 0
        return self.post(f"caption-fixes/{fix['id']}/apply/", {"n_named": n_named})

    def undo_fix(self, fix: Row) -> Row:
        """Take back every new text that nobody works with; return how many went and stayed."""
        return self.post(f"caption-fixes/{fix['id']}/undo/")

    def swap_images(self, image_ids: Sequence[str], why: str) -> Row:
        """Take images out and bring the next reserves in, one for each; all of them or none."""
        return self.post("swaps/", {"images": list(image_ids), "why": why})

    def undo_swap(self, swap: Row) -> Row:
        """Take back the swaps of one act whose new image nobody has begun."""
        return self.post(f"swaps/{swap['act']}/undo/")
