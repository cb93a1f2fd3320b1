"""Drawing of the panel: a view in, a one-bit image out, one module for each kind of view."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from PIL import Image

from firmware.panel.canvas import Canvas
from firmware.panel.drawing import (
    confirm,
    duet,
    generate,
    listen,
    listing,
    message,
    naming,
    peek,
    record,
    stick,
    text,
    wiring,
)
from firmware.panel.views import (
    ConfirmView,
    CountInView,
    DuetView,
    GenerateView,
    ListenView,
    ListView,
    MessageView,
    NameView,
    PeekView,
    RecordView,
    StickView,
    TextView,
    View,
    WiringView,
)

DRAWINGS: Mapping[type, Callable[[Canvas, Any], None]] = MappingProxyType(
    {
        ListView: listing.draw,
        TextView: text.draw,
        ConfirmView: confirm.draw,
        NameView: naming.draw,
        PeekView: peek.draw,
        CountInView: record.draw_count_in,
        RecordView: record.draw,
        GenerateView: generate.draw,
        ListenView: listen.draw,
        DuetView: duet.draw,
        StickView: stick.draw,
        MessageView: message.draw,
        WiringView: wiring.draw,
    }
)


def draw(view: View) -> Image.Image:
    """The image of a view, of mode "1", 128 by 64; the same view gives the same image."""
    canvas = Canvas()
    DRAWINGS[type(view)](canvas, view)
    return canvas.image
