"""One GRPO step of the embedded model: where its time goes, and the speed of the rollouts compared with TRL's own.

    python benchmarks/grpo.py [MODEL] [--prompts 32] [--tokens 400] [--steps 3] [--json]

MODEL is a folder (default data/models/tiny-countdown); a checkpoint of `astro sft` writes longer completions. After the
steps, the same policy samples the same prompts in the same process both ways, in turns: with ASTRO's vLLM engine, which
first receives the trainer's weights, and with TRL's transformers path (model.generate). First the model ends its
completions itself, so that a batch of model.generate waits for its longest completion. Then its end token is made very
unlikely, so that every completion has its full length and both ways generate the same number of tokens.

generation_speedup: tokens a second of the engine, including the transfer of the weights, over those of TRL's path, for
    the same number of tokens. generation_speedup_ended: the same if the model ends its completions.
generation, reward, update: seconds of a step. weights: the transfer of the weights, part of generation.
"""

import argparse
import io
import json
import time
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.console import Console
from rich.table import Table

from astro.config import load_config
from astro.models import open_sampler
from astro.models.prompting import PromptFormat
from astro.problems import Problem, load_problems
from astro.run import RunConfig
from astro.tasks import check_gold, make_verifier
from astro.train.checkpoint import StageCheckpoint
from astro.train.generation import rollout_engine
from astro.train.model_files import load_tokenizer
from astro.train.options import machine_defaults, trainer_config
from astro.train.recorder import Recorder
from astro.train.reward_settings import RewardsConfig
from astro.train.rollouts import Rollouts
from astro.train.sampling import EngineGroups, GroupSampler, Prompt, TrlGroups
from astro.train.scoring import Scorer
from astro.train.trainers import grpo_trainer, open_trainer

ROOT = Path(__file__).parent.parent
GROUP = 8


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", nargs="?", default=str(ROOT / "data" / "models" / "tiny-countdown"))
    parser.add_argument("--prompts", type=int, default=32, help="groups of 8 a step")
    parser.add_argument("--tokens", type=int, default=400, help="largest length of a completion")
    parser.add_argument("--steps", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2, help="how often each way of sampling is timed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        figures = measure(arguments, Path(folder))
    if arguments.json:
        print(json.dumps(figures))
    else:
        Console().print(table(figures))


def measure(arguments: argparse.Namespace, folder: Path) -> dict[str, Any]:
    """Some steps, then both ways of sampling in turns."""
    config = load_config(RunConfig, ROOT / "configs" / "tiny.yaml")
    tokenizer = load_tokenizer(arguments.model)
    problems = load_problems(config.problems, check_gold).problems[: 2 * arguments.prompts]
    prompts = [_prompt(problem, PromptFormat(config.prompt, tokenizer)) for problem in problems]
    args = trainer_config(
        "GRPOConfig",
        "benchmark",
        machine_defaults(config.seed, folder)
        | {
            "per_device_train_batch_size": 4 * GROUP,
            "gradient_accumulation_steps": max(arguments.prompts // 4, 1),
            "num_generations": GROUP,
            "max_completion_length": arguments.tokens,
            "max_steps": arguments.steps,
            "learning_rate": 1e-5,
            "logging_steps": 1,
            "save_strategy": "no",
        },
    )
    with StageCheckpoint(folder / "stage") as stage:
        recorder = Recorder(stage, Console(file=io.StringIO()), "benchmark")
        verifier = make_verifier(config.verify)
        scorer = Scorer(RewardsConfig(), verifier, arguments.tokens)
        engine = EngineGroups(open_sampler(rollout_engine(config.engine, arguments.model)), config.seed, recorder)
        try:
            rollouts = Rollouts(prompts, engine, scorer, recorder, seed=config.seed, resample=0)
            trainer = open_trainer(
                grpo_trainer(),
                "benchmark",
                "trl.GRPOTrainer",
                recorder,
                model=arguments.model,
                args=args,
                processing_class=tokenizer,
                **rollouts.trainer_arguments(),
            )
            trainer.train()
            split = {what: seconds / arguments.steps for what, seconds in recorder.totals.items()}
            ways: dict[str, GroupSampler] = {"engine": engine, "transformers": TrlGroups()}
            ended = _rates(ways, prompts[: arguments.prompts], trainer, arguments.rounds)
            _forget_to_end(trainer)
            whole = _rates(ways, prompts[: arguments.prompts], trainer, arguments.rounds)
        finally:
            engine.close()
            verifier.close()
    step = sum(split.values())
    return {
        "model": arguments.model,
        "completions": arguments.prompts * GROUP,
        "max_completion_length": arguments.tokens,
        "step_seconds": round(step, 3),
        **{what: round(split.get(what, 0.0), 4) for what in ("generation", "weights", "reward", "update")},
        **{f"{name}_ended": figure for name, figure in ended.items()},
        **whole,
        "generation_speedup_ended": _speedup(ended),
        "generation_speedup": _speedup(whole),
    }


def _forget_to_end(trainer: Any) -> None:
    """Keep the policy from stopping: the end token's logit becomes 0, far below that of any likely token."""
    with torch.no_grad():
        trainer.accelerator.unwrap_model(trainer.model).get_output_embeddings().weight[trainer.eos_token_ids] = 0.0
    trainer.state.global_step += 1  # the engine takes new weights at every step


def _speedup(rates: dict[str, Any]) -> float:
    return float(round(rates["engine_tokens_per_second"] / rates["transformers_tokens_per_second"], 2))


def _prompt(problem: Problem, prompt_format: PromptFormat) -> Prompt:
    return Prompt(problem, problem.prompt, tuple(prompt_format.solve_ids(problem.prompt)))


def _rates(ways: dict[str, GroupSampler], prompts: list[Prompt], trainer: Any, rounds: int) -> dict[str, Any]:
    """Tokens and tokens a second of each way, over the rounds."""
    seconds, tokens = Counter[str](), Counter[str]()
    for round_number in range(rounds):
        for name, sampler in ways.items():
            begun = time.monotonic()
            groups = sampler.sample(prompts, GROUP, trainer, (round_number,))
            seconds[name] += time.monotonic() - begun  # type: ignore[assignment] # a sum of seconds
            tokens[name] += sum(len(one.token_ids) for group in groups for one in group)
    figures: dict[str, Any] = {}
    for name in ways:
        figures[f"{name}_tokens"] = tokens[name]
        figures[f"{name}_tokens_per_second"] = round(tokens[name] / seconds[name])
    return figures


def table(figures: dict[str, Any]) -> Table:
    """One line for each figure."""
    made = Table(box=None, show_header=False, pad_edge=False)
    for name, value in figures.items():
        made.add_row(name, f"{value:,}" if isinstance(value, int | float) else str(value))
    return made


if __name__ == "__main__":
    main()
