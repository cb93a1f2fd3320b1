"""SSH: the way in for makers, from another computer."""

from collections.abc import Sequence
from dataclasses import dataclass

from firmware.panel.commands import SwitchSsh
from firmware.panel.overview import Overview, SshFacts
from firmware.panel.pages.listing import LEADS_ON, ListPage, Row, opening
from firmware.panel.pages.reading import ConfirmPage, TextPage

_HOW_TO_BRING_A_KEY = (
    "Write your public key, the .pub file, to the boot partition of the card as continuo-key.pub, "
    "then switch off and on."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class SshPage(ListPage):
    """The switch, and what a maker has to know."""

    def title(self, overview: Overview) -> str:
        """What it is."""
        del overview
        return "SSH, by key only"

    def right(self, overview: Overview) -> str:
        """Whether it is on."""
        ssh = _ssh(overview)
        return "" if ssh is None else "on" if ssh.is_on else "off"

    def rows(self, overview: Overview) -> Sequence[Row]:
        """The switch first."""
        ssh, system = _ssh(overview), overview.system
        if ssh is None or system is None:
            return (Row(label="there is no SSH here"),)
        return (
            _switch(ssh),
            Row(label="Address", value=system.address or "no network"),
            Row(label="User", value=ssh.user),
            _key(ssh),
            opening("What it is", _explanation(ssh, system.address)),
        )


def ssh_row(ssh: SshFacts) -> Row:
    """The way to it, with what is switched."""
    return opening("SSH", SshPage(), f"{'on' if ssh.is_on else 'off'} {LEADS_ON}")


def _ssh(overview: Overview) -> SshFacts | None:
    return overview.system.ssh if overview.system else None


def _switch(ssh: SshFacts) -> Row:
    if ssh.is_on:
        return Row(label="Switch off", commands=(SwitchSsh(is_on=False),), key="switch")
    who = (
        "Whoever has the key can log in over the network."
        if ssh.has_key
        else "No maker's key was found here: perhaps nobody can log in."
    )
    question = ConfirmPage(
        title="Switch SSH on?",
        subject="For makers, by key only.",
        consequence=who,
        commands=(SwitchSsh(is_on=True),),
    )
    return opening("Switch on", question, key="switch")


def _key(ssh: SshFacts) -> Row:
    if ssh.has_key:
        return Row(label="Maker's key", value="found")
    page = TextPage(title="No maker's key", text=_HOW_TO_BRING_A_KEY)
    return opening("Maker's key", page, f"none found {LEADS_ON}")


def _explanation(ssh: SshFacts, address: str | None) -> TextPage:
    where = f"\nssh {ssh.user}@{address}" if address else ""
    text = (
        "A maker looks after the instrument with it, from another computer in the same network. "
        f"It takes keys only, never a password.{where}\n{_HOW_TO_BRING_A_KEY}"
    )
    return TextPage(title="SSH", text=text)
