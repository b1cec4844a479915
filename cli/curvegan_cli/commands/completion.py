"""curvegan completion: the shell script that completes what is typed."""

import click

SHELLS = ("bash", "zsh", "fish")


@click.command()
@click.argument("shell", type=click.Choice(SHELLS))
def completion(shell: str) -> None:
    """Print a script that completes commands, options and values in your shell.

    Values are what there is: families, presets, losses and keys of the config; ids and names of jobs, sweeps and data
    sets. Evaluate it in the shell's startup file.

    \b
    Examples:
      eval "$(curvegan completion bash)"
      eval "$(curvegan completion zsh)"
      curvegan completion fish | source
    """
    from click.shell_completion import get_completion_class

    kind = get_completion_class(shell)
    assert kind is not None
    # Not `source`, which would run bash to ask for its version: a machine that evaluates it has one.
    script = kind(click.get_current_context().find_root().command, {}, "curvegan", "_CURVEGAN_COMPLETE")
    click.echo(script.source_template % script.source_vars())
