"""A run: its configuration, its plan of stages, and one module for each verb of the command line.

The plan
    settings    RunConfig, the whole configuration
    plan        the stages after the data sets, and the checks before a run starts
    making      search, traces and data sets        pipeline    search and traces, without a barrier between trees
    opening     the run directory and its problems  commit      writes finished work to disk
    subjects    the models of a run                 progress    bars and lines
    estimate    what a run may cost                 summary     counts of a run
The verbs
    rehearsal   --dry-run                           train       sft, grpo
    evaluate    eval                                report
    inspect                                         problems
    verify                                          doctor
"""

from astro.run.opening import Stages
from astro.run.plan import carry_out, carry_out_plan
from astro.run.rehearsal import rehearse
from astro.run.settings import OutputConfig, RunConfig

__all__ = ["OutputConfig", "RunConfig", "Stages", "carry_out", "carry_out_plan", "rehearse"]
