"""curvegan sweep: what makes no sweep is refused in a line, before anything is stored."""

import pytest

from ..client import Client

BAD_INPUT = [
    ("", "there is nothing to sweep; give an axis"),
    ("--random 3", "there is nothing to sweep"),
    ("--random 3 --seeds 3", "there is nothing to sweep"),
    ("--random 0 --grid lr=1e-5..1e-2", "--random"),
    ("--random 100001 --grid lr=1e-5..1e-2", "--random"),
    ("--random 11 --grid d_steps=1..10", "have only 10 points"),
    ("--random 60000 --grid lr=1e-5..1e-2 --seeds 2", "at most 100000 jobs, this one has 120000"),
    ("--sweep-seed -1 --random 3 --grid lr=1e-5..1e-2", "--sweep-seed"),
    ("--grid lr", "is no axis"),
    ("--grid lr=", "is no axis"),
    ("--grid lr=,", "empty value"),
    ("--grid lr=1e-4,1e-4", "twice"),
    ("--grid lr=1e-4 --grid lr=1e-3", "lr is an axis twice"),
    ("--grid seed=1,2 --seeds 2", "seed is an axis twice"),
    ("--grid lr=1e-5..1e-2", "only --random N draws from"),
    ("--grid lr=nan", "lr=nan: lr_g"),
    ("--grid lr=inf", "lr=inf: lr_g"),
    ("--grid lr=1e999", "lr=inf: lr_g"),
    ("--grid lr=1e-4,0", "lr=0: lr_g"),
    ("--grid lr=1e-4,fast", "lr=fast: lr_g"),
    ("--grid stepz=3", "unknown key 'stepz', did you mean 'steps'?"),
    ("--grid curve.b=3", "unknown key 'curve.b'"),
    ("--grid .=3", "unknown key"),
    ("--grid curve.a.b.c.d.e=3", "curve.a"),
    ("--grid curve=sine,cubism", "curve=cubism: curve: no family 'cubism'"),
    ("--grid steps=" + "9" * 5000, "steps"),
    ("--grid x=" + "y" * 60_000, "x"),
    ("--grid " + "k" * 5000 + "=1", "unknown key"),
    ("--grid steps=lin:1:2:200000", "there are 2 or more"),
    ("--grid seed=lin:0:99999:100000 --grid lr=1e-4,1e-3", "at most 100000 jobs, this one has 200000"),
    (" ".join(f"--grid k{n}=1" for n in range(20)), "at most 16 axes"),
    ("--seeds 0", "1 to 100000 seeds"),
    ("--seeds many", "--seeds is a number of seeds"),
    ("--seeds 2 --seed 18446744073709551615", "seed=18446744073709551616: seed"),
    ("--seeds 2 --set seed x", "seed"),
    ("--seeds 2 --lr 2", "seed=0: lr_g"),
    ("--seeds 2 --loss wgan --skip-invalid", "none of the 2 points makes a valid job"),
    ("--seeds 2 --priority 99999", "--priority"),
    (f"--seeds 2 --name {'x' * 201}", "name"),
    (f"--seeds 2 --tag {'x' * 101}", "tag"),
    ("--seeds 2 --config none.toml", "none.toml cannot be read"),
    ("--seeds 2 extra", "extra"),
]


@pytest.mark.parametrize(("line", "said"), BAD_INPUT, ids=[ascii(line[:40]) for line, _ in BAD_INPUT])
@pytest.mark.parametrize("more", [(), ("--dry-run",)], ids=["", "dry-run"])
def test_bad_input_is_one_line_and_stores_nothing(client: Client, line: str, said: str, more: tuple[str, ...]) -> None:
    assert said in client.refused("sweep", "--no-worker", *line.split(), *more)
    assert not client.home.exists()


def test_bad_input_leaves_no_row(any_client: Client) -> None:
    any_client.refused("sweep", "--no-worker", "--grid", "lr=1e-4,1e-3,2")
    any_client.refused("sweep", "--no-worker", "--seeds", "2", "--name", "a\x00b")
    assert any_client.json("sweeps") == any_client.json("status") == []
