"""Where everything is: a board file and the tables of parts become one plain description.

The solids, the drawings and the checks are all made from it, so that they cannot disagree.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from firmware.devices.wiring import BoardFile, Sound
from firmware.errors import ConfigError
from hardware.enclosure import raspberry_pi
from hardware.enclosure.geometry import Volume, block, cylinder
from hardware.enclosure.labels import labels
from hardware.enclosure.lettering import Label
from hardware.enclosure.mounting import Placed, Socket, place, sockets, standing
from hardware.enclosure.parts import (
    BUTTON,
    DISPLAYS,
    ENCODER,
    LED,
    POTENTIOMETER,
    SLIDE_MM,
    SOUND_MODULE,
    DisplayModule,
    PanelPart,
)
from hardware.enclosure.printing import (
    BOSS_MM,
    BOSS_TALL_MM,
    FLOOR_MM,
    FOOT_MM,
    HOLE_SLACK_MM,
    PANEL_MM,
    RECESS_MM,
    RIB_MM,
    WALL_MM,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """A part in a hole of the panel.

    Attributes:
        name: As the board file has it, such as `encoders.risk`.
        part: What is bought.
        middle: Of the hole.
        hole_mm: Its diameter.
    """

    name: str
    part: PanelPart
    middle: tuple[float, float]
    hole_mm: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """The display behind its window.

    Attributes:
        module: What is bought.
        window: The opening, as large as the lit area and a margin.
        recess: Where the panel is thinner, so that the glass comes near its front.
        ribs: On the panel's back, left and right of the module.
        bosses: For the screws of the clamp.
        clamp: The bar that holds the module, printed by itself.
        header_up: Whether the plug is at the side away from the player.
    """

    module: DisplayModule
    window: Volume
    recess: Volume
    ribs: tuple[Volume, ...]
    bosses: tuple[Volume, ...]
    clamp: Volume
    header_up: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One enclosure.

    Attributes:
        name: The board's.
        size: Width, depth and height, outside.
        pi: Which Raspberry Pi lies in it, and where.
        screen: The display.
        controls: What is in the panel's holes.
        bosses: In the corners, under the panel, for its screws.
        sockets: Openings of the walls.
        standoffs: Under the Raspberry Pi.
        tray: Where the sound converter lies, or None.
        card_opening: In the floor, under the memory card, or None.
        panel_vents: Slots of the panel.
        floor_vents: Slots of the floor.
        wall_vents: Slots of the left wall: from and to along y, lowest and highest.
        feet: Hollows of the floor for rubber feet.
        labels: Engraved in the panel.
    """

    name: str
    size: tuple[float, float, float]
    pi: Placed
    screen: Screen
    controls: tuple[Control, ...]
    bosses: tuple[Volume, ...]
    sockets: tuple[Socket, ...]
    standoffs: tuple[Volume, ...]
    tray: Volume | None
    card_opening: Volume | None
    panel_vents: tuple[Volume, ...]
    floor_vents: tuple[Volume, ...]
    wall_vents: tuple[tuple[float, float, float, float], ...]
    feet: tuple[Volume, ...]
    labels: tuple[Label, ...]

    @property
    def under_panel(self) -> float:
        """Height of the panel's back over the table."""
        return self.size[2] - PANEL_MM

    @property
    def room(self) -> Volume:
        """The inside of the shell, up to the panel."""
        width, depth, _ = self.size
        return Volume(
            name="the shell",
            x=(WALL_MM, width - WALL_MM),
            y=(WALL_MM, depth - WALL_MM),
            z=(FLOOR_MM, self.under_panel),
        )


def lay_out(board: BoardFile) -> Layout:
    """Where everything is.

    Args:
        board: With an `[enclosure]`.

    Raises:
        ConfigError: If it has none, its Raspberry Pi is unknown or a label cannot be engraved.
    """
    if board.enclosure is None:
        raise ConfigError(f"board {board.name} has no [enclosure]", remedy="panel_mm and height_mm")
    width, depth = board.enclosure.panel_mm
    size = (width, depth, board.enclosure.height_mm)
    pi = place(_pi(board), size)
    screen = _screen(board, size[2])
    controls = tuple(_controls(board))
    bosses = tuple(_bosses(size))
    tray = _tray(board, screen, size)
    standoffs = tuple(standing(pi))
    openings = tuple(sockets(pi, tray, size))
    return Layout(
        name=board.name,
        size=size,
        pi=pi,
        screen=screen,
        controls=controls,
        bosses=bosses,
        sockets=openings,
        standoffs=standoffs,
        tray=tray,
        card_opening=_card_opening(pi),
        panel_vents=tuple(_panel_vents(pi)),
        floor_vents=tuple(_floor_vents(pi)),
        wall_vents=tuple(_wall_vents(size)),
        feet=tuple(_feet(size)),
        labels=tuple(labels(board)),
    )


def _pi(board: BoardFile) -> raspberry_pi.RaspberryPi:
    outlines = {raspberry_pi.OF_MODEL.get(model) for model in board.models}
    known = ", ".join(raspberry_pi.OF_MODEL)
    if None in outlines:
        raise ConfigError(
            f"board {board.name} is for {', '.join(board.models)}, and an enclosure is known for "
            f"other models only",
            remedy=known,
        )
    if len(outlines) != 1:
        raise ConfigError(f"board {board.name} is for models of different outlines", remedy=known)
    outline = outlines.pop()
    assert outline is not None
    return outline


def _controls(board: BoardFile) -> Iterator[Control]:
    kinds: tuple[tuple[str, PanelPart], ...] = (
        ("buttons.", BUTTON),
        ("encoders.", ENCODER),
        ("leds.", LED),
        ("potentiometers.", POTENTIOMETER),
    )
    for position, name in board.positions():
        for prefix, part in kinds:
            if name.startswith(prefix) and position is not None:
                hole = part.thread_mm + HOLE_SLACK_MM
                yield Control(name=name, part=part, middle=position, hole_mm=hole)


def _screen(board: BoardFile, height: float) -> Screen:
    display, top = board.display, height - PANEL_MM
    middle = display.position_mm
    assert middle is not None  # the board file's own check
    module = DISPLAYS[display.screen]
    x, y = middle
    wide, high, _ = module.board_mm
    recess = (wide + 0.8, high + 2 * SLIDE_MM)
    rib_x = recess[0] / 2 + RIB_MM / 2
    boss_x = recess[0] / 2 + RIB_MM + 2.4
    ribs = tuple(
        block("the ribs of the display", (x + side * rib_x, y), (RIB_MM, high - 6), (top - 3, top))
        for side in (-1, 1)
    )
    bosses = tuple(
        cylinder("the clamp's boss", (x + side * boss_x, y), 6.0, (top - 3, top))
        for side in (-1, 1)
    )
    return Screen(
        module=module,
        window=block("the window", middle, (module.lit_mm[0] + 2.0, module.lit_mm[1] + 2.0)),
        recess=block("the display's recess", middle, recess, (top, top + RECESS_MM)),
        ribs=ribs,
        bosses=bosses,
        clamp=block("the clamp", middle, (2 * boss_x + 6.0, 8.0), (top - 5.4, top - 3)),
        header_up=not display.upside_down,
    )


def _bosses(size: tuple[float, float, float]) -> Iterator[Volume]:
    width, depth, height = size
    top = height - PANEL_MM
    inset = WALL_MM + BOSS_MM / 2
    for x, where in ((inset, "left"), (width - inset, "right")):
        for y, end in ((inset, "front"), (depth - inset, "back")):
            name = f"the boss at the {end} {where}"
            # Its underside rises at 45° from the side wall, so that it prints without support.
            yield block(name, (x, y), (BOSS_MM, BOSS_MM), (top - BOSS_TALL_MM - BOSS_MM, top))


def _tray(board: BoardFile, screen: Screen, size: tuple[float, float, float]) -> Volume | None:
    if board.sound is not Sound.I2S:
        return None
    wide, long = SOUND_MODULE.board_mm
    middle = (screen.window.middle[0] + 32.0, size[1] - WALL_MM - 0.4 - long / 2)
    z = (FLOOR_MM, FLOOR_MM + 3.0 + SOUND_MODULE.height_mm)
    return block("the sound converter", middle, (wide + 0.6, long), z)


def _card_opening(pi: Placed) -> Volume | None:
    if not pi.pi.card_below:
        return None
    x, y = pi.area((-15.0, 2.0), pi.pi.card_mm)
    return Volume(name="the opening under the memory card", x=x, y=y, z=(0.0, FLOOR_MM))


def _panel_vents(pi: Placed) -> Iterator[Volume]:
    cooled = [bulk for bulk in pi.pi.bulks if "cooler" in bulk.name]
    for bulk in cooled:
        x, y = pi.area(bulk.x, bulk.y)
        middle, count = (sum(x) / 2, sum(y) / 2), 11
        for place_ in range(count):
            # A swell and its fall, as a player would draw it.
            share = 0.4 + 0.6 * math.sin(math.pi * (place_ + 0.5) / count)
            at = (middle[0], middle[1] + (place_ - (count - 1) / 2) * 5.2)
            yield _slot("the panel's vents", at, round(44.0 * share, 2), 2.4)


def _floor_vents(pi: Placed) -> Iterator[Volume]:
    holes = pi.pi.holes_mm
    low, high = min(x for x, _ in holes), max(x for x, _ in holes)
    deep = max(y for _, y in holes) + min(y for _, y in holes)
    count = int((high - low - 24) // 6)
    for place_ in range(count + 1):
        along = (low + high) / 2 + (place_ - count / 2) * 6.0
        x, y = pi.area((along, along), (deep * 0.25, deep * 0.75))
        yield Volume(name="the floor's vents", x=x, y=y, z=(0.0, FLOOR_MM), radius=1.2)


def _wall_vents(size: tuple[float, float, float]) -> Iterator[tuple[float, float, float, float]]:
    count = 6
    for place_ in range(count):
        y = size[1] / 2 + (place_ - (count - 1) / 2) * 5.6
        yield y - 1.2, y + 1.2, 12.0, 26.0


def _feet(size: tuple[float, float, float]) -> Iterator[Volume]:
    for x in (13.0, size[0] - 13.0):
        for y in (13.0, size[1] - 13.0):
            yield cylinder("a foot's hollow", (x, y), FOOT_MM[0], (0.0, FOOT_MM[1]))


def _slot(name: str, middle: tuple[float, float], long: float, wide: float) -> Volume:
    x, y = middle
    half = (long - wide) / 2
    return Volume(name=name, x=(x - half, x + half), y=(y, y), z=(0.0, 0.0), radius=wide / 2)
