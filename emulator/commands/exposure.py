"""What a person must know who lets other machines in."""

from __future__ import annotations

from emulator.settings import EVERYWHERE

_MAY = {
    "ftp": "whoever logs in as {user} with the password {password} reads and writes its files, the scripts among them",
    "telnet": "whoever logs in as {user} with the password {password} runs code on this machine",
    "serial": "there is no password, and whoever connects runs code on this machine",
}
"""Service -> what a stranger may do."""


def warning(service: str, listen: str, login: tuple[str, str]) -> str:
    """The line for a service that listens on this address; empty where only this machine reaches it."""
    if listen.startswith("127."):
        return ""
    where = "every address of this machine" if listen == EVERYWHERE else listen
    user, password = login
    return (
        f"warning: {service} is open to other machines at {where}: {_MAY[service].format(user=user, password=password)}"
    )
