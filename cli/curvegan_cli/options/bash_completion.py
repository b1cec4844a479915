"""Completion in bash, which parts words at `=` without a word to who completes them; other shells are click's own."""

import re

from click.shell_completion import BashComplete, CompletionItem, add_completion_class


@add_completion_class
class WholeWords(BashComplete):
    """Puts KEY=VALUE together again, and gives bash what it replaces: the part behind the sign."""

    # After a key no blank: its value follows.
    source_template = BashComplete.source_template.replace(
        "COMPREPLY+=($value)", "COMPREPLY+=($value); [[ $value == *= ]] && compopt -o nospace"
    )

    def get_completion_args(self) -> tuple[list[str], str]:
        """Return the words before the one that is typed, and that one."""
        words, typed = super().get_completion_args()
        *before, typed = re.sub("\n=(\n|$)", "=", "\n".join([*words, typed])).split("\n")
        self._key = typed.rpartition("=")[0].rpartition("=")[2]
        return before, typed

    def format_completion(self, item: CompletionItem) -> str:
        """Return an item as the script above takes it."""
        return f"{item.type},{item.value.removeprefix(f'{self._key}=')}"
