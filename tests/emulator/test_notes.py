"""The notebook of a board: what is kept of many notes."""

from __future__ import annotations

from emulator.notes import KEPT, Note, Notebook


def test_the_last_notes_are_kept_and_all_are_handed_on() -> None:
    notes, heard = Notebook(), []
    notes.listen(lambda note: heard.append(note.title))
    for number in range(KEPT + 5):
        notes.add(Note("again", str(number)))
    assert (len(notes), notes.written, len(heard)) == (KEPT, KEPT + 5, KEPT + 5)
    assert [next(iter(notes)).title, list(notes)[-1].title] == ["5", str(KEPT + 4)]


def test_a_note_is_not_written_twice_in_a_row() -> None:
    notes, heard = Notebook(), []
    notes.listen(lambda note: heard.append(note.code))
    for code in "aabba":
        notes.add(Note(code, "the same"))
    assert [note.code for note in notes] == heard == ["a", "b", "a"]
    assert notes.written == 3


def test_what_came_after_a_moment() -> None:
    notes = Notebook()
    notes.add(Note("first", "1"))
    begin = notes.written
    assert notes.since(begin) == []
    notes.add(Note("second", "2"))
    assert [note.code for note in notes.since(begin)] == ["second"]
    for number in range(KEPT):
        notes.add(Note("again", str(number)))
    assert len(notes.since(begin)) == KEPT
    assert notes.since(notes.written) == []
