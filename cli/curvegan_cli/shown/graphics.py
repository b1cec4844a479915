"""Pictures in the terminal itself, by the protocols of kitty and iTerm2. What a terminal can, its variables say."""

import base64
from collections.abc import Mapping

import click

# Where the group keeps, for its commands, which protocol the terminal speaks.
PROTOCOL = "curvegan_cli.graphics"
_KITTY_CHUNK = 4096


def protocol(variables: Mapping[str, str]) -> str:
    """Return `kitty` or `iterm` by the environment of a terminal; empty where it shows no pictures, as within tmux."""
    if variables.get("TMUX") or variables.get("TERM", "").startswith(("screen", "tmux")):
        return ""
    program = variables.get("TERM_PROGRAM", "")
    if variables.get("KITTY_WINDOW_ID") or variables.get("TERM") == "xterm-kitty" or program in ("ghostty", "WezTerm"):
        return "kitty"
    return "iterm" if program in ("iTerm.app", "mintty", "vscode") or variables.get("LC_TERMINAL") == "iTerm2" else ""


def show_png(png: bytes, spoken: str) -> None:
    """Send a PNG file to the terminal."""
    data = base64.b64encode(png).decode("ascii")
    if spoken == "iterm":
        click.echo(f"\x1b]1337;File=inline=1;size={len(png)}:{data}\x07")
        return
    parts = [data[start : start + _KITTY_CHUNK] for start in range(0, len(data), _KITTY_CHUNK)]
    for index, part in enumerate(parts):
        # The first chunk says what it is: transmit and display, a PNG file; each says whether more follow.
        control = ("a=T,f=100," if index == 0 else "") + f"m={int(index < len(parts) - 1)}"
        click.echo(f"\x1b_G{control};{part}\x1b\\", nl=False)
    click.echo()
