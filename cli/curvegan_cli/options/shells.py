"""Completion in bash, which parts words at `=` without a word to who completes them, and in fish; zsh has click's."""

import os
import re

from click.shell_completion import BashComplete, CompletionItem, FishComplete, add_completion_class

_SPECIAL = re.compile(r"[^\w@%+=:,./-]")


@add_completion_class
class WholeWords(BashComplete):
    """Puts KEY=VALUE together again, and gives bash what it replaces: the part behind the sign, its blanks escaped."""

    # After a key no blank: its value follows.
    source_template = BashComplete.source_template.replace("read type", "read -r type").replace(
        "COMPREPLY+=($value)", 'COMPREPLY+=("$value"); [[ $value == *= ]] && compopt -o nospace'
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


@add_completion_class
class WholeValues(FishComplete):
    """Has fish take a value with commas as one."""

    source_template = FishComplete.source_template.replace('string split ","', 'string split -m1 ","')
