"""A scripted player that kills its own process, a given number of times in all."""

import os
import signal
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from astro.tasks.countdown.player import CountdownPlayer

_answers = count()


@dataclass(frozen=True)
class MortalPlayer:
    """Plays like CountdownPlayer; after answer `answers` of a process, kills it, but only `deaths` times in all.

    folder: holds a file for each death so far.
    """

    folder: str
    deaths: int
    answers: int

    def __call__(self, prompt: str, seed: int) -> str:
        if next(_answers) >= self.answers:
            for death in range(self.deaths):
                try:
                    (Path(self.folder) / str(death)).touch(exist_ok=False)
                except FileExistsError:
                    continue
                os.kill(os.getpid(), signal.SIGKILL)
        return CountdownPlayer(0.6)(prompt, seed)
