"""What each pool process is at work on, in memory that it shares with the worker's main process.

A few bytes written for each task, and no statement: only what goes on for longer is looked at.
"""

import mmap
import os
import struct
from dataclasses import dataclass
from typing import NamedTuple

from billiard.process import current_process

from durable import kinds
from durable.kinds import Kind

SLOTS = 1024  # more than CELERY_CONCURRENCY may be
SIZE = 128  # bytes of a slot: what is worked on, when it last asked, and the wish
WORK, ASKED, WISH = struct.Struct("=qqqqqd"), struct.Struct("=d"), struct.Struct("=qqq")
ASKED_AT, WISH_AT = 64, 72
NOTHING = bytes(8)  # in place of the process id
CANCEL, OVER = 1, 2  # what may be wished of a process: somebody cancelled its task, or it takes too long

Memory = mmap.mmap | bytearray


class Work(NamedTuple):
    """A task that a process is at work on. `until` is a moment of time.monotonic(), which all processes share."""

    pid: int
    seq: int
    kind_place: int
    id: int
    round: int
    until: float

    @property
    def kind(self) -> Kind:
        """Its kind: the registry was complete before the processes were forked."""
        return kinds.every()[self.kind_place]


@dataclass(frozen=True)
class Slot:
    """One process's part of the memory. It writes what it works on, the main process what it wishes."""

    memory: Memory
    at: int = 0

    def put(self, work: tuple[int, int, int, int, int, float]) -> None:
        """From here on it is at work on this: a Work, or what makes one, since to make it costs as much as the rest."""
        WORK.pack_into(self.memory, self.at, *work)

    def clear(self) -> None:
        """From here on on nothing."""
        self.memory[self.at : self.at + 8] = NOTHING

    def look(self) -> Work | None:
        """What it is at work on. Half of it may be of another task: see Board.steady."""
        if self.memory[self.at : self.at + 8] == NOTHING:
            return None
        return Work(*WORK.unpack_from(self.memory, self.at))

    @property
    def asked(self) -> float:
        """When its task last asked whether it was cancelled."""
        moment: float = ASKED.unpack_from(self.memory, self.at + ASKED_AT)[0]
        return moment

    def note_asked(self, moment: float) -> None:
        """It asks now."""
        ASKED.pack_into(self.memory, self.at + ASKED_AT, moment)

    @property
    def wish(self) -> tuple[int, int, int]:
        """Of which claim and task what is wished."""
        seq, identity, what = WISH.unpack_from(self.memory, self.at + WISH_AT)
        return seq, identity, what

    def put_wish(self, seq: int, identity: int, what: int) -> None:
        """Wish it; a signal tells the process to read it."""
        WISH.pack_into(self.memory, self.at + WISH_AT, seq, identity, what)


class Board:
    """The slots of all pool processes of a worker. It is made before they are forked."""

    def __init__(self, slots: int = SLOTS) -> None:
        memory = mmap.mmap(-1, slots * SIZE)
        self.slots = [Slot(memory, place * SIZE) for place in range(slots)]
        self.before: dict[int, Work] = {}

    def steady(self) -> list[tuple[Slot, Work]]:
        """What was the same at the look before: no look can meet twice what is written in between, so it is whole."""
        now = {place: work for place, slot in enumerate(self.slots) if (work := slot.look())}
        same = [(self.slots[place], work) for place, work in now.items() if self.before.get(place) == work]
        self.before = now
        return same


board: Board | None = None  # a worker's, set by its main process
_mine: tuple[int, Slot] = (0, Slot(bytearray(SIZE)))


def put_up(slots: int = SLOTS) -> Board:
    """Make this worker's."""
    global board
    board = Board(slots)
    return board


def mine() -> Slot:
    """This pool process's slot; outside of a worker one that nobody looks at."""
    global _mine
    if _mine[0] != os.getpid():
        place: int = getattr(current_process(), "index", SLOTS)
        seen = board is not None and place < len(board.slots)
        _mine = (os.getpid(), board.slots[place] if board and seen else Slot(bytearray(SIZE)))
    return _mine[1]
