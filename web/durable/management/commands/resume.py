"""Resume a kind of task, from a terminal."""

from durable import pauses
from durable.management.commands.pause import Command as Pause


class Command(Pause):
    help = "Goes on with the tasks of a kind that was paused, within seconds."
    change = staticmethod(pauses.resume)
    words = ("{kind} goes on.", "{kind} was not paused.")
