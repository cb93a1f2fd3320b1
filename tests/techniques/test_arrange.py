"""From cells to notes within a budget."""

import numpy as np

from firmware.music.encoding import CHORALE_ENCODING
from firmware.music.notes import Melody, Note
from firmware.techniques.arrange import Proposal, compose, count_replacements, proposals, select
from firmware.techniques.ensembles import ENSEMBLES
from firmware.techniques.progress import finish
from firmware.techniques.score import Score, score_of
from firmware.techniques.voices import cast

REST = CHORALE_ENCODING.rest


def melody(bars: int = 4) -> Melody:
    """Whole notes, one a bar."""
    return Melody(
        notes=tuple(
            Note(start_ticks=1920 * bar, pitch=67 + bar % 2, duration_ticks=1920)
            for bar in range(bars)
        )
    )


def filled(score: Score, bass: list[int]) -> list[Proposal]:
    """What is offered when the bass sings one class a row and the inner voices rest."""
    cells = score.cells.copy()
    cells[:, 3] = bass
    nothing = np.zeros(cells.shape, dtype=np.bool_)
    zeros = np.zeros(cells.shape, dtype=np.float32)
    return finish(proposals(score, cells, nothing, zeros, []))


def test_runs_of_equal_cells_are_notes() -> None:
    score = score_of(cast(melody(1).notes))
    offered = filled(score, [10] * 6 + [REST] * 2 + [10] * 4 + [12] * 4)
    assert [(p.voice, p.first, p.last, p.grid_class) for p in offered] == [
        (3, 0, 5, 10),
        (3, 8, 11, 10),
        (3, 12, 15, 12),
    ]


def test_a_struck_cell_begins_a_new_note_and_so_does_a_new_section() -> None:
    """A note does not go on across a silence that takes no rows."""
    notes = (*melody(1).notes, Note(start_ticks=1920 * 50, pitch=67, duration_ticks=1920))
    score = score_of(cast(notes))
    cells = score.cells.copy()
    cells[:, 3] = 10
    struck = np.zeros(cells.shape, dtype=np.bool_)
    struck[4, 3] = True
    zeros = np.zeros(cells.shape, dtype=np.float32)
    offered = finish(proposals(score, cells, struck, zeros, []))
    assert [(p.first, p.last) for p in offered] == [(0, 3), (4, 15), (16, 31)]


def test_cells_of_a_removed_note_are_offered_as_its_replacement() -> None:
    score = score_of(cast(melody(2).notes))
    cells = score.cells.copy()
    cells[16:, 0] = 33
    nothing = np.zeros(cells.shape, dtype=np.bool_)
    zeros = np.zeros(cells.shape, dtype=np.float32)
    assert not finish(proposals(score, cells, nothing, zeros, []))
    assert count_replacements(score, cells, nothing, []) == 0
    (offered,) = finish(proposals(score, cells, nothing, zeros, [1]))
    assert count_replacements(score, cells, nothing, [1]) == 1
    assert offered.replaces == {1}
    assert (offered.first, offered.last) == (16, 31)


def test_a_whole_bass_comes_before_fragments_of_other_voices() -> None:
    score = score_of(cast(melody().notes))
    bass = [
        Proposal(voice=3, first=row, last=row + 3, grid_class=10, confidence=-2.0)
        for row in range(0, 64, 4)
    ]
    alto = [
        Proposal(voice=1, first=row, last=row + 3, grid_class=25, confidence=0.0)
        for row in range(0, 64, 4)
    ]
    chosen = select(score, [*alto, *bass], 20)
    assert len(chosen) == 20
    assert all(proposal in chosen for proposal in bass)


def test_a_replacement_comes_before_everything() -> None:
    score = score_of(cast(melody().notes))
    replacement = Proposal(
        voice=0, first=1, last=1, grid_class=30, confidence=-9.0, replaces=frozenset({0})
    )
    bass = Proposal(voice=3, first=0, last=63, grid_class=10, confidence=0.0)
    assert select(score, [bass, replacement], 1) == [replacement]


def test_notes_off_the_grid_are_never_struck_twice() -> None:
    """A kept note reaches 30 ticks into the next step: the added one begins a step later."""
    played = Melody(
        notes=(
            Note(start_ticks=0, pitch=67, duration_ticks=510),
            Note(start_ticks=960, pitch=67, duration_ticks=480),
        )
    )
    score = score_of(cast(played.notes))
    added = Proposal(voice=0, first=4, last=7, grid_class=31, confidence=0.0)
    composition = compose(played, score, [added], [], ENSEMBLES["choir"])
    assert composition.tracks[0].notes == (
        played.notes[0],
        Note(start_ticks=600, pitch=67, duration_ticks=360, velocity=68),
        played.notes[1],
    )


def test_added_notes_follow_the_players_loudness_and_stay_behind() -> None:
    played = Melody(
        notes=(
            Note(start_ticks=0, pitch=67, duration_ticks=960, velocity=100),
            Note(start_ticks=960, pitch=67, duration_ticks=960, velocity=20),
        )
    )
    score = score_of(cast(played.notes))
    chosen = [
        Proposal(voice=3, first=first, last=first + 7, grid_class=10, confidence=0.0)
        for first in (0, 8)
    ]
    composition = compose(played, score, chosen, [], ENSEMBLES["strings"])
    assert [note.velocity for note in composition.tracks[1].notes] == [85, 17]
    assert composition.tracks[1].program == ENSEMBLES["strings"].programs[3]
