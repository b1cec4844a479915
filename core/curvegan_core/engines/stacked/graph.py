"""A step that is recorded once and then replayed, as a CUDA graph: queued in one call, and the host never waits for it.

Knows no network, no loss and no minibatch: a step is a function of some tensors that changes others in place.
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, Self, TypeVar

import torch
from torch import Tensor


class Inputs(Protocol):
    """What a step reads that is another one's next time."""

    def copy(self) -> Self:
        """Copy them to memory of their own."""
        ...

    def tensors(self) -> Sequence[Tensor]:
        """Return all of their tensors, in the same order each time."""
        ...


Given = TypeVar("Given", bound=Inputs)
Seen = TypeVar("Seen")
Record = Callable[[Callable[[], Seen]], tuple[Callable[[], object], Seen]]

# CUDA libraries choose and allocate in their first calls, which no graph can hold.
_REHEARSALS = 3


def record_on_cuda(step: Callable[[], Seen]) -> tuple[Callable[[], object], Seen]:
    """Rehearse a step on a stream of its own and record it; return what replays it, and where its results will be."""
    stream = torch.cuda.Stream()  # type: ignore[no-untyped-call]
    stream.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(stream):
        for _ in range(_REHEARSALS):
            step()
    torch.cuda.current_stream().wait_stream(stream)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        seen = step()
    return graph.replay, seen


class Replay(Generic[Given, Seen]):
    """One recorded step. Its results lie in the same place each time: copy what is to outlast the next call."""

    def __init__(
        self, step: Callable[[Given], Seen], first: Given, state: Sequence[Tensor], record: Record[Seen]
    ) -> None:
        """Record `step`. `state` is all that it changes in place; rehearsing leaves it as it was."""
        self._inputs = first.copy()
        before = [tensor.clone() for tensor in state]
        self._replay, self._seen = record(lambda: step(self._inputs))
        for tensor, value in zip(state, before, strict=True):
            tensor.copy_(value)

    def __call__(self, inputs: Given) -> Seen:
        """Do the step with other inputs."""
        for own, given in zip(self._inputs.tensors(), inputs.tensors(), strict=True):
            own.copy_(given)
        self._replay()
        return self._seen
