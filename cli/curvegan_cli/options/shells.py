"""Completion as bash, zsh and fish take it: a word with `=` and commas in it, and no word of what goes wrong.

bash parts words at `=` and replaces the part behind it; zsh and fish replace the whole word, `--grid=` included.
"""

import os
import re

from click.shell_completion import (
    BashComplete,
    CompletionItem,
    FishComplete,
    ShellComplete,
    ZshComplete,
    add_completion_class,
)

_SPECIAL = re.compile(r"[^\w@%+=:,./-]")


def _quiet(template: str, command: str) -> str:
    """Return a script that shows nothing of what the command says on stderr: it would stand in what is being typed."""
    return template.replace(command, f"{command} 2>/dev/null")


@add_completion_class
class WholeWords(BashComplete):
    """Puts KEY=VALUE together again, and gives bash what it replaces: the part behind the sign, its blanks escaped."""

    # After a key no blank: its value follows.
    source_template = (
        _quiet(BashComplete.source_template, "_complete $1")
        .replace("read type", "read -r type")
        .replace("COMPREPLY+=($value)", 'COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace')
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and that one."""
        words, last = super().get_completion_args()
        *before, typed = re.sub("\n=(\n|$)", "=", "\n".join([*words, last])).split("\n")
        # Within quotes bash parts nothing, and escapes by itself.
        self._there = "".join(typed.rpartition("=")[:2]) if "=" in (last, *words[-1:]) else ""
        self._there = self._there.partition("=")[2] if typed.startswith("-") else self._there
        self._quoted = os.environ["COMP_WORDS"].rpartition("\n")[2].startswith(("'", '"'))
        return before, typed

    def format_completion(self, item: CompletionItem) -> str:
        """Return an item as the script above takes it."""
        value = item.value.removeprefix(self._there)
        escaped = value if self._quoted else _SPECIAL.sub(r"\\\g<0>", value)
        return f"{item.type},{escaped}"


class _WithOption(ShellComplete):
    """Gives back `--option=` before the value, where it stands in the same word."""

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and that one."""
        words, typed = super().get_completion_args()
        option, equals, _ = typed.partition("=")
        self._option = option + equals if equals and option.startswith("-") else ""
        return words, typed

    def format_completion(self, item: CompletionItem) -> str:
        """Return an item as the shell's script takes it."""
        return super().format_completion(CompletionItem(self._option + item.value, item.type, item.help))


@add_completion_class
class WholeWordsOfZsh(_WithOption, ZshComplete):
    """Gives zsh the whole word back, an option before it included."""

    source_template = _quiet(ZshComplete.source_template, "_complete %(prog_name)s")


@add_completion_class
class WholeValues(_WithOption, FishComplete):
    """Has fish take a value with commas as one."""

    source_template = _quiet(FishComplete.source_template, "COMP_CWORD=(commandline -t) %(prog_name)s").replace(
        'string split ","', 'string split -m1 ","'
    )
