"""What a training of a band shows of itself: one HTML file, and samples as MIDI and pictures.

The report holds everything that it shows, so it can be sent as it is; it is written anew after
each validation. Samples are files in the run folder too, and stay there.
"""

import base64
import html
import json
import math
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np

from firmware.library.picture import piano_roll_picture
from firmware.midi.files import write_composition
from firmware.music.band import BAND_ENCODING, PITCHED_ROLES, BandNote, BandRolls, Role, band_notes
from firmware.music.notes import Composition, Melody, Note, Track
from firmware.music.timing import TICKS_PER_BEAT
from firmware.techniques.bands import MELODY_PROGRAM, band_of
from training.band.judge import ALLOWED, CORPUS, FIGURES, BandJudge, gaps

REPORT_FILE: Final = "report.html"
SAMPLES_FOLDER: Final = "samples"

PLATEAU_LOOKS: Final = 6
PLATEAU_SHARE: Final = 0.02
COLLAPSE_SHARE: Final = 0.1
SILENCE_POINTS: Final = 0.4
NOISE_TIMES: Final = 2.0
LOST_LOOKS: Final = 3

RULES: Final = (
    "Plateau: the best gap to the corpus is not "
    f"{PLATEAU_SHARE:.0%} less than it was {PLATEAU_LOOKS} validations ago.",
    f"Collapse: takes of one melody are less than {COLLAPSE_SHARE:.0%} as far apart as real music.",
    f"Silence: {SILENCE_POINTS:.0%} more of the bars are empty than in the corpus.",
    f"Noise: more than {NOISE_TIMES:g} times as many pitch classes a bar as in the corpus.",
    f"Lost critic: it rated real bands no higher than others at {LOST_LOOKS} validations running.",
    "Divergence: a loss is no number any more.",
)
"""By what rules the remarks are made."""

_STEP_TICKS: Final = TICKS_PER_BEAT // BAND_ENCODING.beat_resolution
_TEMPO_BPM: Final = 100.0

_LOSS_CHARTS: Final = (
    ("Critic: real above generated (Wasserstein), above other melodies",
     ("train_wasserstein", "train_mismatch")),
    ("Losses of critic and generator", ("train_critic", "train_generator")),
    ("Critic: gradient penalty", ("train_penalty",)),
    ("Generator: nats a step of a real band", ("train_reconstruction",)),
    ("Encoder: nats a step told by the noise", ("train_divergence",)),
    ("Generator: gaps of features, statistics, variety",
     ("train_features", "train_balance", "train_variety")),
    ("Validation: mean gap to the corpus, 1 is allowed", ("valid_gap",)),
)  # fmt: skip

_TITLES: Final[Mapping[str, str]] = {
    "empty_bars": "Empty bar rate",
    "pitch_classes_per_bar": "Pitch classes used a bar",
    "qualified_notes": "Notes of an eighth or more",
    "drum_pattern": "Drums in pattern",
    "tonal_distance": "Tonal distance",
    "consonance": "Consonance with the melody",
    "groove_consistency": "Groove consistency",
    "in_scale": "In-scale ratio",
    "polyphonic": "Polyphonic rate",
    "take_distance": "Distance of takes (corpus: of pieces)",
}

# Okabe and Ito's colours, which the colour-blind can tell apart.
_COLOURS: Final = ("#0072b2", "#d55e00", "#009e73")


def composition_of(rolls: BandRolls, genre: str, *, name: str = "") -> Composition:
    """A passage as the genre's instruments play it, the melody first."""
    band = band_of(genre)
    notes: dict[Role, list[Note]] = {role: [] for role in Role}
    for note in band_notes(rolls.band, rolls.drums):
        notes[note.role].append(_note(note))
    notes[Role.MELODY] = [_note(note) for note in _melody_notes(rolls)]
    tracks = [Track(name="melody", notes=tuple(notes[Role.MELODY]), program=MELODY_PROGRAM)]
    for role in reversed(PITCHED_ROLES):
        part = band.parts[role]
        tracks.append(Track(name=part.name, notes=tuple(notes[role]), program=part.program))
    if notes[Role.DRUMS]:
        tracks.append(Track(name="drums", notes=tuple(notes[Role.DRUMS]), is_drum=True))
    return Composition(
        tracks=tuple(tracks), tempo_bpm=_TEMPO_BPM, beats_per_bar=rolls.beats_per_bar, name=name
    )


def write_samples(run: Path, step: int, judge: BandJudge, played: Sequence[BandRolls]) -> None:
    """Write one passage of each genre as `samples/step-N-GENRE.mid` and `.png`.

    Args:
        run: The run folder.
        step: The training's step.
        judge: Whose passages they are.
        played: All of its passages as they were played.
    """
    folder = run / SAMPLES_FOLDER
    folder.mkdir(exist_ok=True)
    for genre in judge.genres:
        rolls = played[judge.first_of(genre)]
        composition = composition_of(rolls, genre, name=f"{genre}, step {step}")
        path = folder / f"step-{step:06d}-{genre}"
        path.with_suffix(".mid").write_bytes(write_composition(composition))
        melody = Melody(
            notes=composition.tracks[0].notes,
            tempo_bpm=_TEMPO_BPM,
            beats_per_bar=rolls.beats_per_bar,
        )
        # Drums are no pitches, and would lie among those of the bass.
        shown = Composition(
            tracks=tuple(track for track in composition.tracks if not track.is_drum),
            tempo_bpm=_TEMPO_BPM,
            beats_per_bar=rolls.beats_per_bar,
            name=composition.name,
        )
        picture = piano_roll_picture(melody, shown).quantize(64)
        content = BytesIO()
        picture.save(content, format="PNG", optimize=True)
        path.with_suffix(".png").write_bytes(content.getvalue())


def remarks(rows: Sequence[Mapping[str, float]], valid: str) -> tuple[str, ...]:
    """Say in words what is wrong with a training, by `RULES`; nothing where nothing is.

    Args:
        rows: Of `metrics.csv`, the newest last.
        valid: Column of the figure that chooses the weights.
    """
    said = []
    last, found = rows[-1], [row[valid] for row in rows]
    if len(found) > PLATEAU_LOOKS:
        before, now = min(found[:-PLATEAU_LOOKS]), min(found)
        if now > before * (1.0 - PLATEAU_SHARE):
            said.append(
                f"a plateau: over {PLATEAU_LOOKS} validations the gap to the corpus went from "
                f"{before:.2f} to {now:.2f}; stop here, or go on with a lower rate"
            )
    if _of(last, "take_distance") < COLLAPSE_SHARE * _of(last, f"take_distance{CORPUS}"):
        said.append("a collapse: all takes of a melody are nearly the same; raise gan.variety")
    if _of(last, "empty_bars") > _of(last, f"empty_bars{CORPUS}") + SILENCE_POINTS:
        said.append("silence: the band leaves most bars empty; raise gan.sounding_weight")
    most = NOISE_TIMES * _of(last, f"pitch_classes_per_bar{CORPUS}")
    if _of(last, "pitch_classes_per_bar") > most:
        said.append("noise: the band plays too many pitches at once; raise gan.balance")
    lately = [_of(row, "train_wasserstein") for row in rows[-LOST_LOOKS:]]
    if len(lately) == LOST_LOOKS and max(lately) <= 0.0:
        said.append("a lost critic: it rates real bands no higher; raise critic_rate")
    names = [name for name, value in last.items() if name.startswith("train_")]
    if any(math.isinf(last[name]) for name in names) or _lost_losses(rows, names):
        said.append("a divergence: a loss is no number any more; lower the learning rates")
    return tuple(said)


def write_report(
    run: Path,
    config: object,
    rows: Sequence[Mapping[str, float]],
    figures: Mapping[str, Mapping[str, float]],
    said: Sequence[str],
) -> None:
    """Write `report.html` into the run folder.

    Args:
        run: The run folder.
        config: The configuration.
        rows: Of `metrics.csv`, the newest last.
        figures: The newest of each genre.
        said: Remarks.
    """
    from training.config import to_json  # noqa: PLC0415 - which knows the task's parts

    plain = to_json(config)
    title = html.escape(f"{plain['name']}, step {int(rows[-1]['step'])} of {plain['steps']}")
    remarked = "".join(f"<p class=remark>{html.escape(one)}</p>" for one in said)
    if not said:
        remarked = "<p>Nothing is amiss by the rules below.</p>"
    rules = "".join(f"<li>{html.escape(rule)}</li>" for rule in RULES)
    page = "\n".join(
        (
            f"<!doctype html><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>",
            f"<h1>{title}</h1>{remarked}",
            "<h2>Against the corpus</h2><p>Solid: the band on passages of the validation split. "
            "Dashed: the corpus there. Mean over the genres that have it.</p>",
            f"<div class=charts>{_figure_charts(rows)}</div>{_table(figures)}",
            f"<h2>Losses</h2><div class=charts>{_loss_charts(rows)}</div>",
            f"<h2>Samples</h2>{_samples(run)}",
            f"<h2>Rules for the remarks</h2><ul>{rules}</ul>",
            f"<h2>Hyperparameters</h2><table>{_settings(plain)}</table>",
            f"<script>{_PLAYER}</script>",
        )
    )
    fresh = run / f"new-{REPORT_FILE}"
    fresh.write_text(page + "\n", encoding="utf-8")
    fresh.replace(run / REPORT_FILE)


def _figure_charts(rows: Sequence[Mapping[str, float]]) -> str:
    return "".join(
        _chart(_TITLES[name], rows, {name: "solid", f"{name}{CORPUS}": "dashed"})
        for name in FIGURES
        if name in rows[-1]
    )


def _loss_charts(rows: Sequence[Mapping[str, float]]) -> str:
    return "".join(
        _chart(title, rows, dict.fromkeys(columns, "solid")) for title, columns in _LOSS_CHARTS
    )


def _chart(title: str, rows: Sequence[Mapping[str, float]], columns: Mapping[str, str]) -> str:
    """A chart of some columns over the steps."""
    width, height, left, bottom = 360, 170, 46, 22
    steps = np.array([row["step"] for row in rows])
    lines = {name: np.array([_of(row, name) for row in rows]) for name in columns}
    known = np.concatenate([line[np.isfinite(line)] for line in lines.values()])
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 1.0)
    room = 0.08 * (high - low) or 0.1 * abs(high) or 1.0
    low, high = low - room, high + room

    def place(step: float, value: float) -> str:
        x = left + (step - steps[0]) / max(steps[-1] - steps[0], 1) * (width - left - 10)
        y = 10 + (high - value) / (high - low) * (height - bottom - 10)
        return f"{x:.1f},{y:.1f}"

    inner = f"width={width - left - 10} height={height - bottom - 10}"
    parts = [f"<rect x={left} y=10 {inner} class=frame />"]
    for value in (low + room, high - room):
        _, _, y = place(steps[0], value).partition(",")
        parts.append(f'<text x={left - 4} y={y} class=tick text-anchor="end">{value:.3g}</text>')
    parts.append(f"<text x={left} y={height - 6} class=tick>{int(steps[0])}</text>")
    parts.append(
        f'<text x={width - 10} y={height - 6} class=tick text-anchor="end">{int(steps[-1])}</text>'
    )
    legend = []
    for number, (name, dash) in enumerate(columns.items()):
        colour = _COLOURS[0] if dash == "dashed" else _COLOURS[number % len(_COLOURS)]
        style = ' stroke-dasharray="5 4"' if dash == "dashed" else ""
        points = " ".join(
            place(step, value)
            for step, value in zip(steps, lines[name], strict=True)
            if math.isfinite(value)
        )
        parts.append(f'<polyline points="{points}" stroke="{colour}"{style} class=curve />')
        if dash != "dashed" and len(columns) > 1:
            label = html.escape(name.removeprefix("train_"))
            legend.append(f'<span style="color:{colour}">{label}</span>')
    named = " · ".join(legend) if "dashed" not in columns.values() else ""
    return (
        f"<figure><figcaption>{html.escape(title)} {named}</figcaption>"
        f"<svg viewBox='0 0 {width} {height}' width={width} height={height}>"
        f"{''.join(parts)}</svg></figure>"
    )


def _table(figures: Mapping[str, Mapping[str, float]]) -> str:
    """The newest figures of each genre beside the corpus's; what is too far off is marked."""
    head = "".join(f"<th>{html.escape(_TITLES[name])}</th>" for name in FIGURES)
    body = []
    for genre, one in figures.items():
        far = gaps(one)
        cells = []
        for name in FIGURES:
            mark = " class=far" if name in ALLOWED and far.get(name, 0.0) > 1.0 else ""
            ours, corpus = one[name], one[f"{name}{CORPUS}"]
            said = "–" if math.isnan(corpus) else f"{ours:.3f} <small>({corpus:.3f})</small>"
            cells.append(f"<td{mark}>{said}</td>")
        body.append(f"<tr><th>{html.escape(genre)}</th>{''.join(cells)}</tr>")
    return f"<table><tr><th></th>{head}</tr>{''.join(body)}</table>"


def _samples(run: Path) -> str:
    """The newest samples: a picture, to play, to download; and where the older ones are."""
    files = sorted((run / SAMPLES_FOLDER).glob("step-*.mid"))
    if not files:
        return "<p>None yet.</p>"
    steps = sorted({file.name.split("-")[1] for file in files})
    parts = []
    for file in files:
        _, step, genre = file.stem.split("-", maxsplit=2)
        if step != steps[-1]:
            continue
        content = file.read_bytes()
        picture = base64.b64encode(file.with_suffix(".png").read_bytes()).decode()
        midi = base64.b64encode(content).decode()
        notes = html.escape(json.dumps(_to_play(content)), quote=True)
        parts.append(
            f"<h3>{html.escape(genre)}, step {int(step)}</h3>"
            f'<button class=play data-notes="{notes}">play</button> '
            f'<a download="{file.name}" href="data:audio/midi;base64,{midi}">{file.name}</a><br>'
            f'<img alt="piano roll" src="data:image/png;base64,{picture}">'
        )
    older = ", ".join(str(int(step)) for step in steps[:-1]) or "none"
    return "".join(parts) + f"<p>Older ones in <code>{SAMPLES_FOLDER}/</code>: steps {older}.</p>"


def _to_play(content: bytes) -> list[list[float]]:
    """Seconds of start and end, pitch, and whether it is a drum, of each note of a file."""
    from firmware.midi.files import read_composition  # noqa: PLC0415

    composition = read_composition(content)
    second = TICKS_PER_BEAT * composition.tempo_bpm / 60.0
    return [
        [
            round(note.start_ticks / second, 3),
            round(note.end_ticks / second, 3),
            note.pitch,
            int(track.is_drum),
        ]
        for track in composition.tracks
        for note in track.notes
    ]


def _settings(plain: Mapping[str, Any], prefix: str = "") -> str:
    rows = []
    for name, value in plain.items():
        if isinstance(value, Mapping):
            rows.append(_settings(value, f"{prefix}{name}."))
        else:
            said = html.escape(json.dumps(value))
            rows.append(f"<tr><td>{html.escape(prefix + name)}</td><td>{said}</td></tr>")
    return "".join(rows)


def _melody_notes(rolls: BandRolls) -> list[BandNote]:
    # Read as the harmony's, whose rows are the same pitches.
    planes = np.zeros((*rolls.melody.shape[:2], BAND_ENCODING.planes), dtype=np.bool_)
    first = 2 * PITCHED_ROLES.index(Role.HARMONY)
    planes[:, :, first : first + 2] = rolls.melody
    return band_notes(planes, np.zeros_like(rolls.drums))


def _note(note: BandNote) -> Note:
    is_drum = note.role is Role.DRUMS
    return Note(
        start_ticks=note.start * _STEP_TICKS,
        pitch=BAND_ENCODING.drums[note.pitch] if is_drum else note.pitch,
        duration_ticks=(note.end - note.start) * _STEP_TICKS,
    )


def _lost_losses(rows: Sequence[Mapping[str, float]], names: Sequence[str]) -> bool:
    """Whether a loss that was a number is none now."""
    if len(rows) < 2:
        return False
    return any(math.isnan(rows[-1][name]) and not math.isnan(rows[-2][name]) for name in names)


def _of(row: Mapping[str, float], name: str) -> float:
    return row.get(name, math.nan)


_STYLE: Final = """
body { font: 15px/1.45 sans-serif; color: #22262c; max-width: 1180px; margin: 2em auto; }
.charts { display: flex; flex-wrap: wrap; gap: 8px; }
figure { margin: 0; } figcaption { font-size: 13px; font-weight: 600; max-width: 360px; }
.frame { fill: #f7f8fa; stroke: #c6cbd4; } .tick { font-size: 11px; fill: #626872; }
.curve { fill: none; stroke-width: 1.8; }
table { border-collapse: collapse; font-size: 13px; margin: 1em 0; }
td, th { border: 1px solid #e2e5eb; padding: 3px 7px; text-align: left; }
.far { background: #fdeee3; } .remark { background: #fdeee3; padding: 8px 12px; }
img { max-width: 100%; } button { cursor: pointer; }
"""

# The browser has no MIDI synthesizer: triangles and noise will do to hear the notes.
_PLAYER: Final = """
let context = null;
function stop() { if (context) { context.close(); context = null; } }
for (const button of document.querySelectorAll('button.play')) button.onclick = () => {
  const isOn = button.textContent === 'stop';
  stop();
  for (const other of document.querySelectorAll('button.play')) other.textContent = 'play';
  if (isOn) return;
  button.textContent = 'stop';
  context = new AudioContext();
  const noise = context.createBuffer(1, 4410, 44100), data = noise.getChannelData(0);
  for (let i = 0; i < data.length; i++) data[i] = Math.random() * 2 - 1;
  for (const [start, end, pitch, isDrum] of JSON.parse(button.dataset.notes)) {
    const begin = context.currentTime + 0.1 + start, gain = context.createGain();
    const last = isDrum ? begin + 0.08 : begin + Math.max(end - start, 0.06);
    gain.gain.setValueAtTime(isDrum ? 0.08 : 0.1, begin);
    gain.gain.exponentialRampToValueAtTime(0.001, last);
    gain.connect(context.destination);
    const source = isDrum ? context.createBufferSource() : context.createOscillator();
    if (isDrum) source.buffer = noise;
    else { source.type = 'triangle'; source.frequency.value = 440 * 2 ** ((pitch - 69) / 12); }
    source.connect(gain); source.start(begin); source.stop(last);
  }
};
"""
