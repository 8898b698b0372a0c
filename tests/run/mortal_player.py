"""A scripted player that kills its own process, a given number of times in all."""

import os
import signal
import time
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


@dataclass(frozen=True)
class SlowPlayer:
    """Plays like CountdownPlayer, slowly, and notes every seed that it is asked for; dies once, at answer `answers`.

    folder: holds seeds.txt, one line for each answer of any process, and a file for the death.
    """

    folder: str
    answers: int
    delay: float = 0.01

    def __call__(self, prompt: str, seed: int) -> str:
        mortal = MortalPlayer(self.folder, deaths=1 if self.answers else 0, answers=self.answers)
        answer = mortal(prompt, seed)
        with (Path(self.folder) / "seeds.txt").open("a", encoding="utf-8") as file:
            file.write(f"{seed}\n")
        time.sleep(self.delay)
        return answer
