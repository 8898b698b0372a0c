"""The run: one configuration, the stages from problems to data sets, and what a person sees of them.

settings    the whole configuration          opening   the run directory and its problems
pipeline    search and traces together       commit    finished work to the disk
progress    bars and lines                   summary   what came out
estimate    what it may cost                 doctor    what is installed
execution   carry_out()                      rehearsal rehearse(): everything but the model
training    SFT, GRPO, evaluation, report    evaluating  a model on problem sets
jobs        commands that wait for others    controls    data sets selected from others
looking     what inspect and problems show
"""

from astro.run.execution import carry_out
from astro.run.opening import Stages
from astro.run.rehearsal import rehearse
from astro.run.settings import OutputConfig, RunConfig

__all__ = ["OutputConfig", "RunConfig", "Stages", "carry_out", "rehearse"]
