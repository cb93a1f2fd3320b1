"""The pages of the panel, one module each: a view in, a one-bit image out."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from PIL import Image

from firmware.panel.canvas import Canvas
from firmware.panel.pages import duet, generate, home, listen, message, record
from firmware.panel.views import (
    CountInView,
    DuetView,
    GenerateView,
    HomeView,
    ListenView,
    MessageView,
    RecordView,
    View,
)

PAGES: Mapping[type, Callable[[Canvas, Any], None]] = MappingProxyType(
    {
        HomeView: home.draw,
        CountInView: record.draw_count_in,
        RecordView: record.draw,
        GenerateView: generate.draw,
        ListenView: listen.draw,
        DuetView: duet.draw,
        MessageView: message.draw,
    }
)


def draw(view: View) -> Image.Image:
    """The page for a view, of mode "1", 128 by 64; the same view gives the same image."""
    canvas = Canvas()
    PAGES[type(view)](canvas, view)
    return canvas.image
