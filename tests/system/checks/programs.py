"""Python programs in the guest, with Continuo's own code at hand."""

from typing import Final

from tests.system.machine import Guest

PYTHON: Final = "PYTHONPATH=/usr/lib/continuo/app /usr/lib/continuo/bin/python3"

GENERATE: Final = "continuo generate frere-jacques --instrument --set sampling_iterations=1"
"""Has the instrument generate, as briefly as can be, and waits for that."""


def put_program(guest: Guest, name: str, text: str) -> str:
    """Lay a program down in the guest.

    Returns:
        The command that starts it.
    """
    path = f"/var/tmp/{name}.py"  # noqa: S108 - of a guest that is nobody else's
    guest.put(path, text.encode())
    return f"{PYTHON} {path}"


def ask_program(guest: Guest, name: str, text: str, *, timeout_s: float = 120.0) -> str:
    """Run a program in the guest.

    Returns:
        The last line that it says.
    """
    return guest.run(put_program(guest, name, text), timeout_s=timeout_s).splitlines()[-1]
