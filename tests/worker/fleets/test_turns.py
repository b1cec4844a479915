"""Turns: few workers need none, many wait for theirs, and never longer than is said."""

from curvegan_worker.turns import Turn


def test_few_workers_wait_for_nothing() -> None:
    turn = Turn(together=100, longest_s=1000)
    assert all(turn.has_come(peers=60) for _ in range(3))


def test_many_wait_for_their_turn() -> None:
    turn = Turn(together=1, longest_s=1000)
    assert [turn.has_come(peers=1000) for _ in range(3)] == [True, False, False]
    turn.come_at_once()
    assert turn.has_come(peers=1000)


def test_nobody_waits_longer_than_is_said_for_those_who_are_gone() -> None:
    turn = Turn(together=1, longest_s=0)
    assert all(turn.has_come(peers=1_000_000) for _ in range(3))
