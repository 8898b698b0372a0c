"""From problems to a better reasoner in one page: search, traces, SFT, GRPO, evaluation, report.

    python pipelines/end_to_end.py --name first --problems 60 --steps 10

With the embedded model: 2 CPU cores, under 6 GB of memory, about ten minutes. All files are in runs/NAME, and every
stage continues from the files of the previous one: if you stop the script, start it again to resume.
Read it to see how the parts fit together; `astro run` with the sections sft, grpo and evaluation does the same from a
YAML file. (It is not called astro.py because a script of that name would hide the package from scripts in its folder.)
"""

import argparse
from pathlib import Path

from rich.console import Console

from astro.config import load_config
from astro.evaluation import EvaluationConfig, evaluate_model
from astro.problems import ProblemsConfig, load_problems
from astro.report import write_report
from astro.run import RunConfig, Stages, carry_out
from astro.tasks import check_gold
from astro.train.grpo import GRPO
from astro.train.grpo_settings import GrpoConfig
from astro.train.reward_settings import RewardsConfig
from astro.train.sft import SFT, SftConfig
from astro.train.stage import carry_out as train

ARMS = ("direct", "astro")  # right solutions alone, and traces that err, doubt, go back and come out right
HELD_OUT = {"count": 60, "sizes": [4], "split": "test"}  # four numbers that no training problem has, in any order


def configure(name: str, problems: int, steps: int) -> RunConfig:
    """The embedded default (configs/tiny.yaml: model, prompt, search, traces), with training and evaluation."""
    own = [f"name={name}", "problems.source=null", f"problems.countdown={{count: {problems}}}"]
    return load_config(RunConfig, Path("configs/tiny.yaml"), own).model_copy(
        update={
            # A high learning rate for a small model; 1e-5 is usual for 7B.
            "sft": SftConfig(trainer={"learning_rate": 1e-3, "num_train_epochs": 3, "per_device_train_batch_size": 32}),
            # Groups of 8 responses to a problem: 1 for a right one, -1 for a wrong one, relative to the group.
            "grpo": GrpoConfig(
                rewards=RewardsConfig(right=1.0, wrong=-1.0),
                trainer={
                    "learning_rate": 1e-4,
                    "max_steps": steps,
                    "num_generations": 8,
                    "per_device_train_batch_size": 64,
                    "max_completion_length": 384,
                    "logging_steps": 1,
                    "save_steps": max(1, steps // 5),
                },
            ),
            "evaluation": EvaluationConfig(
                sets={"held-out": ProblemsConfig.model_validate({"countdown": HELD_OUT})},
                max_tokens=512,
            ),
        }
    )


def main() -> None:
    """Read the arguments and run the stages."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--name", default="first", help="name of the run (default %(default)s)")
    parser.add_argument("--problems", type=int, default=60, help="problems to search (default %(default)s)")
    parser.add_argument("--steps", type=int, default=10, help="steps of GRPO (default %(default)s)")
    arguments = parser.parse_args()
    config = configure(arguments.name, arguments.problems, arguments.steps)
    console = Console()
    assert config.sft is not None
    assert config.grpo is not None
    assert config.evaluation is not None

    # 1. Search each problem with PUCT; make traces of each finished tree while others grow; write the data sets.
    carry_out(config, Stages(), console)

    # 2. Fine-tune the base model on the traces, and on the control: the same problems, the same number of examples.
    # 3. Go on by reinforcement learning with verified rewards, on the problems that the search found neither trivial
    #    nor hopeless.
    for arm in ARMS:
        train(SFT, config.training(), config.sft, arm, console)
        train(GRPO, config.training(), config.grpo, arm, console)

    # 4. Ask all five models the same new problems, in the same words, and grade them by the same verifier.
    checkpoints = {
        f"{arm}-{name}": str(config.training().folder(arm, stage))
        for arm in ARMS
        for stage, name in (("sft", "sft"), ("grpo", "rl"))
    }
    sets = {name: load_problems(problems, check_gold).problems for name, problems in config.evaluation.sets.items()}
    for model, path in {"base": config.engine.model, **checkpoints}.items():
        found = evaluate_model(model, path, sets, config.arrangement(), config.directory / "evaluations" / model)
        console.print(f"{model}: pass@1 {100 * found['held-out']['figures']['pass_at_1']['value']:.1f} %")

    # 5. One page that says what came out, with intervals, curves and costs.
    console.print(f"{write_report(config.directory) / 'report.html'}")


if __name__ == "__main__":
    main()
