"""Reinforcement learning with verified rewards by trl.GRPOTrainer, from the arm's SFT checkpoint."""

from typing import Any

from astro.errors import ConfigError
from astro.train.grpo_settings import COMPLETION_LENGTH, GrpoConfig
from astro.train.setup import TrainingSetup
from astro.train.trainer import Prepared, Start, Trainer, Training


class Grpo(Trainer[GrpoConfig]):
    """From an arm's SFT checkpoint, by sampling and grading."""

    name, title, suffix = "grpo", "GRPO", "rl"
    section = GrpoConfig
    help = """Train SFT checkpoints by GRPO with verified rewards.

    Writes RUN/checkpoints/ARM/grpo. The prompts are the problems of the data set rl that the search solved sometimes.
    The same command resumes a stopped training at its last checkpoint. Settings belong to the section grpo; leave out
    the prefix grpo."""
    examples = (
        "astro grpo runs/tiny",
        "astro grpo runs/tiny trainer.max_steps=100 rewards.wrong=-1 --arm astro",
        "astro grpo runs/8b trainer.use_vllm=true --launch configs/accelerate/zero3.yaml",
    )
    columns = ("id", "prompt", "answer")
    shown = ("loss", "reward", "accuracy", "groups_flat", "backtracks", "completion_length")
    keeps_checkpoints = True
    after = ("sft",)
    needs_sft = True

    def arms(self, setup: TrainingSetup, config: GrpoConfig) -> list[str]:
        """The arms of the section, or every one whose SFT is done, sorted by name."""
        return setup.arms_done("sft") if config.arms is None else list(config.arms)

    def data(self, config: GrpoConfig) -> dict[str, str]:
        """The prompts."""
        return {"data": config.data}

    def start(self, setup: TrainingSetup, config: GrpoConfig, arm: str) -> Start:
        """The arm's SFT checkpoint. Raises ConfigError if there is none."""
        base = setup.folder(arm, "sft")
        if not setup.is_done(arm, "sft"):
            raise ConfigError(f"{base} holds no finished SFT checkpoint to start from; make it with `astro sft`")
        return Start(str(base), config.data, checkpoint=True)

    def defaults(self, config: GrpoConfig) -> dict[str, Any]:
        """Log every step, and keep four intermediate checkpoints; under a budget of tokens the last step is unknown."""
        by_budget = {"max_steps": 1_000_000, "lr_scheduler_type": "constant", "save_steps": 20}
        return {
            "logging_steps": 1,  # what RL does to a model is in its curves
            "save_steps": 0.25,  # of all steps; the models on the way are kept, to be evaluated
            "shuffle_dataset": not config.curriculum,
            "reward_weights": list(config.rewards.weights.values()),
            **(by_budget if config.budget_tokens is not None else {}),
        }

    def identity(self, setup: TrainingSetup, config: GrpoConfig) -> dict[str, Any]:
        """How responses are graded, and the section; a stage begun before there were budgets has none."""
        unset = () if config.budget_tokens is not None else ("budget_tokens",)
        return {
            "verify": setup.verify.model_dump(mode="json", exclude=set(setup.verify.SPEED)),
            **config.model_dump(mode="json", exclude={"arms", "data", *unset}),
        }

    def prepare(self, training: Training[GrpoConfig]) -> Prepared:
        """Read the prompts, and open the sampler, the scorer and the trainer."""
        from astro.train.generation import describe, open_groups, silence_version_warning  # noqa: PLC0415 - heavy
        from astro.train.prompts import read_prompts, repeated  # noqa: PLC0415
        from astro.train.rollouts import Rollouts  # noqa: PLC0415
        from astro.train.scoring import open_scorer  # noqa: PLC0415
        from astro.train.trainers import (  # noqa: PLC0415
            grpo_trainer,
            saving_between_generations,
            steps_of_generation,
            stopping_at,
        )

        config, arguments, prompt_format = training.config, training.arguments, training.prompt_format
        chosen, held_out, rows = read_prompts(training)
        if arguments.get("use_vllm") and chosen:
            longest = max(len(prompt.ids) for prompt in (*chosen, *held_out))
            longest += arguments.get("max_completion_length", COMPLETION_LENGTH)
            arguments.setdefault("vllm_max_model_length", longest)
        args = training.options()
        prompts = repeated(chosen, rows, args, config)
        # TRL recognizes a finished completion by its end token; one that a stop string ended has none.
        mask_unfinished = args.mask_truncated_completions and bool(prompt_format.end_stop)
        scorer = open_scorer(training, args.max_completion_length)
        scorer.check(prompt.problem.task for prompt in (*chosen, *held_out))
        sampler = open_groups(training)
        rollouts = Rollouts(
            prompts,
            sampler,
            scorer,
            training.recorder,
            seed=training.setup.seed,
            resample=config.resample,
            held_out=held_out,
            curriculum=config.curriculum,
            mask_unfinished=mask_unfinished,
        )
        silence_version_warning(args)
        trainer = training.open(grpo_trainer(), args, **rollouts.trainer_arguments())
        if (steps := steps_of_generation(args)) > 1:
            trainer.add_callback(saving_between_generations(steps))
        if config.budget_tokens is not None:
            trainer.add_callback(stopping_at(training.recorder, config.budget_tokens))
        if mask_unfinished:
            trainer.mask_truncated_completions = False

        def facts(_: Any) -> dict[str, Any]:
            tokens = int(trainer.state.num_input_tokens_seen)
            return {"tokens": tokens, **training.recorder.counts, "prompts": len(prompts)}

        about = (
            f"{len(chosen)} prompts of {rows} with a pass rate in {list(config.pass_rate)}"
            + (f", repeated to the {len(prompts)} of a step" if len(chosen) < len(prompts) else "")
            + f", rollouts by {describe(sampler, args)}"
            + (f", checkpoints at multiples of {steps} steps, where a generation ends" if steps > 1 else "")
        )
        weights = {str(name): weight for name, weight in config.rewards.weights.items()}
        return Prepared(trainer, about, facts, {"Rewards": weights})


GRPO = Grpo()
