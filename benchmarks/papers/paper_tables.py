"""The tables of docs/papers.md from stored results. Trains nothing and judges nothing."""

from collections import Counter
from collections.abc import Sequence

import numpy as np

from benchmarks.papers.paper_results import Result, Trial, keys
from benchmarks.papers.paper_row import GRID, PAPERS, RING, Row
from benchmarks.papers.paper_rows import NAMED, ROWS
from benchmarks.papers.paper_sources import SOURCES
from benchmarks.papers.paper_tried import TRIED
from benchmarks.papers.paper_verdicts import CLAIMS, GOOD, Results, held, mean_interval, values, verdict

BUDGETS_S = (1, 5, 20, 60)


def tables(results: Results) -> dict[str, str]:
    """Return every table by the name that the page calls it."""
    printed = [row for row in ROWS if row.printed]
    claimed = [row for row in ROWS if row.paper != "ours" and not row.printed]
    return {
        "numbers": _numbers(printed, results),
        "claims": _claims(claimed, results),
        "differences": _differences(),
        "sources": _sources(),
        "rules": _table(["a claim", "holds in a trial that has"], [[name, text] for name, (text, _) in CLAIMS.items()]),
        "equal-time-ring": equal_time(RING, results),
        "equal-time-grid": equal_time(GRID, results),
        "cures": cures(results),
        "count": _count(results),
    }


def _numbers(rows: Sequence[Row], results: Results) -> str:
    head = ["paper", "row", "modes", "ours", "hq, %", "ours", "reverse KL", "ours", "trials", "steps", "verdict"]
    return _table(head, [_number_line(row, results) for row in rows])


def _number_line(row: Row, results: Results) -> list[str]:
    result = results.get(row.preset or "")
    pairs = [cell for name in ("modes", "hq", "reverse_kl") for cell in (_printed(row, name), _ours(result, name))]
    named = f"{row.where.removeprefix('table 1, ')}, {row.method}"
    return [PAPERS[row.paper], named, *pairs, *_run(result), verdict(row, results)]


def _printed(row: Row, name: str) -> str:
    if name not in row.printed:
        return ""
    printed = row.printed[name]
    return f"{_shown(name, printed.value)}{f' +- {printed.spread:g}' if printed.spread else ''}"


def _ours(result: Result | None, name: str) -> str:
    if result is None:
        return ""
    mean, low, high = mean_interval(values(result, name))
    most = {"modes": float(result.modes), "hq": 1.0, "reverse_kl": float("inf")}[name]
    return f"{_shown(name, mean)} ({_shown(name, max(0.0, low))} to {_shown(name, min(most, high))})"


def _shown(name: str, value: float) -> str:
    return f"{100 * value:.3g}" if name == "hq" else f"{value:.2f}" if name == "reverse_kl" else f"{value:.3g}"


def _run(result: Result | None) -> list[str]:
    return ["", ""] if result is None else [str(len(result.trials)), f"{result.steps:,}"]


def _claims(rows: Sequence[Row], results: Results) -> str:
    head = ["paper", "where", "claim", "holds in", "modes", "hq, %", "verdicts of the trials", "steps", "verdict"]
    return _table(head, [_claim_line(row, results) for row in rows])


def _claim_line(row: Row, results: Results) -> list[str]:
    result = results.get(row.preset or "")
    share = "" if result is None or not row.claim else "{}: {} of {}".format(row.claim, *held(row, result))
    numbers = [_ours(result, name) if result and result.modes else "" for name in ("modes", "hq")]
    words = "" if result is None else _counted(result)
    return [PAPERS[row.paper], row.where, row.method, share, *numbers, words, _run(result)[1], verdict(row, results)]


def _counted(result: Result) -> str:
    counted = Counter(trial.verdict for trial in result.trials).most_common()
    return ", ".join(f"{word} {count}" for word, count in counted)


def _differences() -> str:
    head = [
        "paper",
        "row",
        "preset",
        "steps there / here",
        "what differs here",
        "what no source says",
        "what was tried",
    ]
    rows = [
        [PAPERS[row.paper], f"{row.where}: {row.method}", f"`{row.preset}`" if row.preset else "", _steps(row),
         row.differs, row.unchecked, TRIED.get(row.preset or "", "")]
        for row in ROWS if row.paper != "ours"
    ]  # fmt: skip
    return _table(head, rows)


def _sources() -> str:
    head = ["paper", "arXiv", "settings read in", "numbers and claims"]
    return _table(head, [[PAPERS[name], each.arxiv, each.settings, each.numbers] for name, each in SOURCES.items()])


def _steps(row: Row) -> str:
    """Return the paper's steps, where they are known, and those of the preset."""
    here = f"{keys(row.preset)['steps']:,}" if row.preset else ""
    return f"{row.steps:,} / {here}" if row.steps else here


def equal_time(where: str, results: Results) -> str:
    """Return modes and hq at the last snapshot within budgets of CPU seconds a trial."""
    rows = [
        row
        for row in ROWS
        if row.preset and where in row.preset.split("-") and row.paper in ("veegan", "pacgan", "gdpp", "ours")
    ]
    lines = []
    for row in rows:
        if result := results.get(row.preset or ""):
            cells = [_at_budget(result, budget) for budget in BUDGETS_S]
            lines.append([_named(row, result), f"{result.us:,.0f}", *cells])
    return _table(["", "us a step", *(f"{budget} s" for budget in BUDGETS_S)], lines)


def _named(row: Row, result: Result) -> str:
    return f"{PAPERS[row.paper].split(', ')[-1]}: {row.method}{' (first look)' if result.quick else ''}"


def _at_budget(result: Result, budget_s: float) -> str:
    steps = [int(line[0] or 0) for line in result.trials[0].course]
    within = [line for line, step in enumerate(steps) if 0 < step * result.us <= budget_s * 1e6]
    if not within:
        return ""
    line, ended = within[-1], steps[within[-1]] == steps[-1]
    modes, hq = (np.mean([trial.at(name, line) for trial in result.trials]) for name in ("modes", "hq"))
    return f"{modes:.3g} / {100 * hq:.3g} %{' *' if ended else ''}"


def cures(results: Results) -> str:
    """Return, of every training on ring and grid, how many trials kept all modes, and after how much CPU time."""
    rows = [row for row in ROWS if row.preset in results and row.paper in ("veegan", "pacgan", "gdpp", "ours")]
    lines = [(where, *_cure(row, results[row.preset or ""])) for row in rows for where in [_geometry(row)]]
    lines.sort(key=lambda line: (line[0] != RING, -line[3], line[4]))
    shown = [[where, name, f"{kept} of {of}", _rounded(median, 2) if kept else "", _rounded(total, 3)]
             for where, name, of, kept, median, total in lines]  # fmt: skip
    return _table(
        [
            "",
            "training",
            "trials that keep all modes, hq at least .5",
            "s of a core until then, median",
            "s of a core in all",
        ],
        shown,
    )


def _rounded(seconds: float, digits: int) -> str:
    return f"{seconds:,.0f}" if seconds >= 100 else f"{seconds:.{digits}g}"


def _geometry(row: Row) -> str:
    return GRID if GRID in (row.preset or "").split("-") else RING


def _cure(row: Row, result: Result) -> tuple[str, int, int, float, float]:
    since = [step for trial in result.trials if (step := _kept_since(trial, result.modes)) is not None]
    median = float(np.median(since)) * result.us / 1e6 if since else float("inf")
    return _named(row, result), len(result.trials), len(since), median, result.steps * result.us / 1e6


def _kept_since(trial: Trial, modes: int) -> float | None:
    """Return the step of the first snapshot from which on all modes are there and half of the points are good."""
    good = [trial.at("modes", line) == modes and trial.at("hq", line) >= GOOD for line in range(len(trial.course))]
    if not good[-1]:
        return None
    first = len(good) - good[::-1].index(False) if False in good else 0
    return trial.course[first][0]


def _count(results: Results) -> str:
    done = [results[name] for name in NAMED if name in results and not results[name].quick]
    quick = sum(name in results and results[name].quick for name in NAMED)
    of_papers = [row for row in ROWS if row.paper != "ours"]
    counts = Counter(verdict(row, results) for row in of_papers)
    trained = [not row.unchecked for row in of_papers if row.preset]
    printed = [SOURCES[row.paper].unread for row in of_papers if row.printed]
    hours = sum(result.steps * len(result.trials) * result.us for result in done) / 3.6e9
    lines = [
        ["presets trained in full", f"{len(done)} of {len(NAMED)}"],
        ["presets with a first look only", str(quick)],
        ["presets not run", str(len(NAMED) - len(done) - quick)],
        *([f"rows of papers: {word}", str(count)] for word, count in counts.most_common()),
        ["rows of papers: all settings read in published code", f"{sum(trained)} of {len(trained)}"],
        ["rows of papers: printed numbers of which no copy can be read here", f"{sum(printed)} of {len(printed)}"],
        ["core hours that the presets trained in full take", f"{hours:.1f}"],
    ]
    return _table(["", "how many"], lines)


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
