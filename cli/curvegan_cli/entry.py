"""Where `curvegan` begins: whoever interrupts it while it is imported, or while a shell waits for Tab, sees nothing."""


def main() -> None:
    """Run the command."""
    from curvegan_core.interrupts import end_quietly

    end_quietly()
    from curvegan_cli.main import main as curvegan

    curvegan()
