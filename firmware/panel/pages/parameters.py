"""The parameters of the technique, each with its meaning in plain words."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import SetParameter
from firmware.panel.overview import Overview
from firmware.panel.pages.listing import LEADS_ON, ListPage, Row, Rows
from firmware.panel.pages.presets import PresetsPage
from firmware.panel.settings import TECHNIQUE, Settings
from firmware.parameters import ParameterSpec

_PRESETS = Row(
    label="Presets",
    value=LEADS_ON,
    opens=PresetsPage(),
    meaning="Keep these values under a name, or take others.",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ParametersPage(ListPage):
    """What a generation depends on."""

    def title(self, overview: Overview) -> str:
        """The technique."""
        return str(overview.settings.value(TECHNIQUE.key))

    def right(self, overview: Overview) -> str:
        """Which of them it is."""
        total, place = len(overview.settings.specs) - 1, self.place(self.rows(overview))
        return f"{place + 1}/{total}" if place < total else ""

    def explains(self) -> bool:
        """They do."""
        return True

    def rows(self, overview: Overview) -> Sequence[Row]:
        """One for each parameter, and the way to the presets."""
        settings = overview.settings
        specs = [spec for spec in settings.specs if spec is not TECHNIQUE]
        return (*Rows(specs, lambda spec: _row(settings, spec)), _PRESETS)


def turn_parameter(settings: Settings, spec: ParameterSpec, clicks: int) -> SetParameter:
    """Change a parameter by clicks."""
    return SetParameter(spec.key, spec.turned(settings.value(spec.key), clicks))


def _row(settings: Settings, spec: ParameterSpec) -> Row:
    return Row(
        label=spec.label,
        value=spec.text(settings.value(spec.key)),
        turned=lambda clicks: turn_parameter(settings, spec, clicks),
        meaning=spec.meaning,
    )
