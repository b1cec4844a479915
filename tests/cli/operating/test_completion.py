"""What the shell is told when it asks how a command goes on."""

import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest
from click.shell_completion import ShellComplete

from curvegan_cli.main import main

from ...worker.fleet import CURVEGAN
from ..client import Client
from ..test_main import HEAVY


def completed(client: Client, line: str) -> list[str]:
    """What may follow; the last word of the line is the one being typed."""
    *words, incomplete = f"--home {client.home} {line}".split(" ")
    shell = ShellComplete(main, {}, "curvegan", "_CURVEGAN_COMPLETE")
    return [item.value for item in shell.get_completions(words, incomplete)]


@pytest.mark.parametrize(
    ("line", "among"),
    [
        ("sub", "submit"),
        ("submit --cur", "--curve"),
        ("submit --curve up", "updown"),
        ("curves sin", "sine_modes"),
        ("submit --loss rp", "rpgan"),
        ("submit --engine f", "fused"),
        ("submit --device cu", "cuda"),
        ("submit --preset coll", "collapse-fix"),
        ("submit --set bet", "beta1="),
        ("submit --set curve.no", "curve.noise="),
        ("submit --set loss=hi", "loss=hinge"),
        ("config --set spectral_norm=t", "spectral_norm=true"),
        ("sweep --grid l", "lr="),
        ("summary --by lr,bet", "lr,beta2"),
        ("best --by ", "rmse"),
        ("status --state fai", "failed"),
        ("submit --set ", "data="),
        ("submit --set loss hi", "hinge"),
        ("sweep --grid loss=ns,hi", "loss=ns,hinge"),
        ("status --where verd", "verdict"),
        ("fetch-plot --kind ", "evolution"),
        ("completion ", "fish"),
    ],
)
def test_values_of_the_product_are_completed(client: Client, line: str, among: str) -> None:
    assert among in completed(client, line)
    assert not client.home.exists()


def test_ids_and_names_of_the_store_are_completed(client: Client) -> None:
    assert completed(client, "show l") == ["last"]
    assert not client.home.exists()
    client.submit("--name", "demo")
    client.done("sweep", "--no-worker", "--name", "rates", "--seeds", "2")
    assert completed(client, "show ") == ["last", "3", "seed=1", "2", "seed=0", "1", "demo"]
    assert completed(client, "wait de") == ["demo"]
    assert completed(client, "wait ra") == ["rates"]
    assert completed(client, "submit --from de") == ["demo"]
    assert completed(client, "status --sweep ") == ["last", "1", "rates"]
    assert completed(client, "sweeps r") == ["rates"]


def test_a_store_that_does_not_answer_completes_nothing() -> None:
    shell = ShellComplete(main, {}, "curvegan", "_CURVEGAN_COMPLETE")
    words = ["--database-url", "postgresql+psycopg://nobody@127.0.0.1:1/none", "show"]
    assert [item.value for item in shell.get_completions(words, "")] == ["last"]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_has_a_script_that_asks_the_command(client: Client, shell: str) -> None:
    script = client.done("completion", shell)
    assert f"_CURVEGAN_COMPLETE={shell}_complete" in script
    assert "curvegan" in script


@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("show de", ["demo"]),
        ("submit --set activation=le", ["leaky_relu"]),
        ("submit --set norm_d=", ["none", "batch", "layer"]),
        ("submit --set=beta1", ["beta1="]),
        ("submit --loss=rp", ["rpgan"]),
        ("sweep --grid loss=ns,hi", ["ns,hinge"]),
        ("sweep --grid=loss=ns,rpgan,h", ["ns,rpgan,hinge"]),
        ("sweep --grid norm_d=none,", ["none,batch", "none,layer"]),
    ],
)
def test_bash_completes_what_is_typed(client: Client, words: str, answers: list[str]) -> None:
    """In a real bash, which parts words at `=`."""
    client.submit("--name", "demo")
    script = f"""eval "$({CURVEGAN} completion bash 2>/dev/null)"
        export CURVEGAN_HOME={client.home}
        COMP_WORDS=(curvegan {words.replace("=", " = ")}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
        compopt() {{ :; }}
        _curvegan_completion {CURVEGAN}; printf "%s\\n" "${{COMPREPLY[@]}}" """
    bash = ["bash", "--norc", "-c", script]
    done = subprocess.run(bash, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == answers, done.stderr


_ZSH = """compdef() { :; }; eval "$(curvegan completion zsh 2>/dev/null)"
    compadd() { print -rl -- ${(P)@[-1]}; }; _describe() { print -rl -- ${${(P)3}%%:*}; }
    words=(curvegan "$@") CURRENT=$(($# + 1)); _curvegan_completion"""
_FISH = 'curvegan completion fish 2>/dev/null | source; complete -C "curvegan $argv"'


@pytest.mark.parametrize(
    "shell", [("zsh", "-fc", _ZSH, "zsh"), ("fish", "--no-config", "-c", _FISH)], ids=["zsh", "fish"]
)
@pytest.mark.parametrize(
    ("words", "answers"),
    [
        ("show de", ["demo"]),
        ("submit --set activation=le", ["activation=leaky_relu"]),
        ("submit --loss=rp", ["--loss=rpgan"]),
        ("sweep --grid beta", ["beta1=", "beta2="]),
        ("sweep --grid loss=ns,hi", ["loss=ns,hinge"]),
        ("sweep --grid norm_d=none,", ["norm_d=none,batch", "norm_d=none,layer"]),
        ("sweep --grid=norm_d=none,", ["--grid=norm_d=none,batch", "--grid=norm_d=none,layer"]),
    ],
)
def test_zsh_and_fish_complete_the_whole_word(
    client: Client, shell: tuple[str, ...], words: str, answers: list[str]
) -> None:
    """In real ones, which replace all that is typed of a word; what is chosen of a list is not offered again."""
    if which(shell[0]) is None:
        pytest.skip(f"there is no {shell[0]} here")
    client.submit("--name", "demo")
    environment = {"CURVEGAN_HOME": str(client.home), "PATH": f"{Path(CURVEGAN).parent}:{os.environ['PATH']}"}
    command = [*shell, *words.split(" ")]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert [line.partition("\t")[0] for line in done.stdout.splitlines()] == answers, done.stderr


@pytest.mark.parametrize("words", ["sub", "submit --lo", "fetch-plot --ki", "status --state fa"])
def test_commands_and_options_are_completed_without_anything_heavy(words: str) -> None:
    code = (
        "import sys\nfrom click.shell_completion import ShellComplete\nfrom curvegan_cli.main import main\n"
        f"*typed, last = {words.split(' ')!r}\n"
        "assert ShellComplete(main, {}, 'curvegan', '_CURVEGAN_COMPLETE').get_completions(typed, last)\n"
        f"print(sorted({{name.partition('.')[0] for name in sys.modules}} & {HEAVY!r}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
