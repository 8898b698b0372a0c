"""Reinforcement learning of one arm with verified rewards, by trl.GRPOTrainer, from the arm's SFT checkpoint."""

import gc
import json
import os
import random
import warnings
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from importlib.util import find_spec
from itertools import cycle, islice
from pathlib import Path
from typing import Any

from rich.console import Console

from astro.errors import ConfigError, NothingToTrainError
from astro.models.engine import EngineConfig, EngineKind, open_sampler
from astro.models.prompting import PromptFormat, asking_for_length
from astro.models.seeds import derive_seed
from astro.records.problem import Problem
from astro.store import RunDirectory
from astro.train.card import CardFacts, write_card
from astro.train.checkpoint import StageCheckpoint, content_hash, model_hash, read_done
from astro.train.examples import Source, find_source, read_rows
from astro.train.options import (
    evaluates,
    lora_config,
    machine_defaults,
    refusals,
    trainer_arguments,
    trainer_config,
)
from astro.train.recorder import Recorder, place_tensorboard
from astro.train.rollouts import EngineGroups, GroupSampler, Prompt, Rollouts, TrlGroups
from astro.train.scoring import Scorer
from astro.train.settings import COMPLETION_LENGTH, GrpoConfig, RewardName, TrainingSetup
from astro.train.settings import Rollouts as RolloutsBy
from astro.train.sft import STAGE as SFT
from astro.train.sft import (
    Trained,
    arguments_shown,
    check_evaluation,
    is_main,
    load_tokenizer,
    merge_adapter,
    quieten,
    save_final,
)
from astro.train.trainers import grpo_trainer
from astro.verify import Verifier, check_gold

STAGE = "grpo"
# Options of TRL's own generation that ASTRO's engine does not have, with the values that ask for nothing.
_OF_TRANSFORMERS = {
    "generation_kwargs": {},
    "repetition_penalty": 1.0,
    "cache_implementation": None,
    "use_transformers_continuous_batching": False,
    "use_transformers_paged": False,
}


def arms_of(setup: TrainingSetup, config: GrpoConfig) -> list[str]:
    """The arms to train: those of the configuration, or every one whose SFT is done, in the order of their names."""
    if config.arms is not None:
        return list(config.arms)
    folders = sorted((setup.run / "checkpoints").glob(f"*/{SFT}"))
    return [folder.parent.name for folder in folders if read_done(folder) is not None]


def carry_out_grpo(setup: TrainingSetup, config: GrpoConfig, arm: str, console: Console) -> Trained:
    """Train one arm, or go on with it; returns at once where it is done.

    Under `accelerate launch` every process calls this. Raises ConfigError (no SFT checkpoint, too few prompts, options
    that do not fit), StoreError (other settings made what is there), MissingDependencyError, SamplingError.
    """
    base = setup.folder(arm, SFT)
    if read_done(base) is None:
        raise ConfigError(f"{base} holds no finished SFT checkpoint to begin from; make it with `astro sft`")
    folder = setup.folder(arm, STAGE)
    arguments = trainer_arguments("GRPOConfig", "grpo.trainer", config.trainer, _defaults(setup, config, folder))
    adapter = lora_config(config.lora, "grpo.lora")
    source = find_source(setup.run, config.data)
    with StageCheckpoint(folder, main=is_main()) as stage, ExitStack() as stack:
        stage.claim(_identity(setup, config, arm, base, source))
        if stage.done is not None:
            _tidy(stage, base)  # a kill may have come before it
            return Trained(folder, stage.done, before=True)
        training = _Training(setup, config, arm, stage=stage, console=console)
        facts = training.carry_out(source, arguments, adapter, stack)
        return Trained(folder, facts)


def rollouts_by(config: GrpoConfig, arguments: Mapping[str, Any]) -> RolloutsBy:
    """Who samples. Raises ConfigError where vllm is asked for and cannot be."""
    if config.rollouts is RolloutsBy.TRANSFORMERS or arguments.get("use_vllm"):
        return RolloutsBy.TRANSFORMERS
    problem = _why_not_vllm(arguments)
    if problem is None:
        return RolloutsBy.VLLM
    if config.rollouts is RolloutsBy.VLLM:
        raise ConfigError(f"grpo.rollouts is vllm, and {problem}; set grpo.rollouts=transformers")
    return RolloutsBy.TRANSFORMERS


def rl_prompts(
    rows: Sequence[Mapping[str, Any]],
    config: GrpoConfig,
    prompt_format: PromptFormat,
    texts: Mapping[str, Problem],
    seed: int,
) -> list[Prompt]:
    """The prompts within the band of pass rates; easy first where the curriculum asks for it. Equal prompts come once.

    texts: the run's problems by id; rows of other problems need the problem's words as a text in the column prompt, or
    as the last turn of it. Raises ConfigError with every row that is no problem, or whose answer nothing could be
    graded by.
    """
    low, high = config.pass_rate
    prompts: dict[str, Prompt] = {}
    mistakes: list[str] = []
    for number, row in enumerate(rows, 1):
        rate = row.get("pass_rate")
        if rate is not None and not low <= rate <= high:
            continue
        try:
            problem = texts.get(row.get("id") or "") or _problem_of(row, prompt_format)
        except ValueError as error:
            mistakes.append(f"grpo.data, row {number}: {error}")
            continue
        text, wanted = problem.prompt, None
        if RewardName.LENGTH in config.rewards.weights:
            drawn = random.Random(derive_seed(seed, problem.id, "length"))  # noqa: S311 - reproducible draws
            wanted = drawn.randint(config.rewards.length.low, config.rewards.length.high)
            text = asking_for_length(text, wanted, config.rewards.length.instruction)
        prompts.setdefault(text, Prompt(problem, text, tuple(prompt_format.solve_ids(text)), rate, wanted))
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    found = list(prompts.values())
    if config.curriculum:
        found.sort(key=lambda prompt: -(1.0 if prompt.pass_rate is None else prompt.pass_rate))
    return found


class _Training:
    """One arm's training, from its inputs to the final model."""

    def __init__(
        self, setup: TrainingSetup, config: GrpoConfig, arm: str, *, stage: StageCheckpoint, console: Console
    ) -> None:
        self.setup, self.config, self.arm, self.base = setup, config, arm, setup.folder(arm, SFT)
        self.stage, self.console = stage, console
        self.recorder = Recorder(stage, console, f"grpo of {arm}")

    def carry_out(self, source: Source, arguments: dict[str, Any], adapter: Any, stack: ExitStack) -> dict[str, Any]:
        """Train, save, and return what done.json says."""
        setup, config = self.setup, self.config
        tokenizer = load_tokenizer(str(self.base))
        rows = read_rows(source.train)
        prompt_format, texts = PromptFormat(setup.prompt, tokenizer), _problems(setup.run) if source.own else {}
        prompts = rl_prompts(rows, config, prompt_format, texts, setup.seed)
        test = read_rows(source.test) if evaluates(arguments) else []
        held_out = rl_prompts(test, config, prompt_format, texts, setup.seed)
        check_evaluation(arguments, held_out, "grpo.trainer", source)
        if arguments.get("use_vllm") and prompts:
            longest = max(len(prompt.ids) for prompt in (*prompts, *held_out))
            longest += arguments.get("max_completion_length", COMPLETION_LENGTH)
            arguments.setdefault("vllm_max_model_length", longest)
        args = trainer_config("GRPOConfig", "grpo.trainer", arguments)
        chosen, prompts = len(prompts), _enough(prompts, len(rows), args, config)
        verifier = Verifier(setup.verify)
        stack.callback(verifier.close)
        sampler = self._sampler(arguments, prompt_format.end_stop, stack)
        # TRL knows a finished completion by its end token, and one that a string ended has none.
        mask_unfinished = args.mask_truncated_completions and bool(prompt_format.end_stop)
        rollouts = Rollouts(
            prompts,
            sampler,
            Scorer(config.rewards, verifier, args.max_completion_length, opens_thought=prompt_format.opens_thought),
            self.recorder,
            seed=setup.seed,
            resample=config.resample,
            held_out=held_out,
            curriculum=config.curriculum,
            mask_unfinished=mask_unfinished,
        )
        trainer = new_trainer(self.base, args, tokenizer, rollouts, self.recorder, adapter=adapter)
        if mask_unfinished:
            trainer.mask_truncated_completions = False
        last = self.stage.last()
        done_steps = 0 if last is None else int(last.name.rpartition("-")[2])
        self.recorder.go_on(self.stage.rewind(done_steps))
        place_tensorboard(trainer, self.stage, done_steps)
        self.console.print(
            f"grpo of {self.arm}: {chosen} prompts of {len(rows)} with a pass rate in {list(config.pass_rate)}"
            + (f", repeated to the {len(prompts)} of a step" if chosen < len(prompts) else "")
            + f", rollouts by {_describe(sampler, args)}"
            + (f"; going on from {last.name}" if last else ""),
            highlight=False,
            markup=False,
            soft_wrap=True,
        )
        trainer.train(resume_from_checkpoint=None if last is None else str(last))
        facts = {
            "stage": STAGE,
            "arm": self.arm,
            "model": str(self.base),
            "data": source.name,
            "steps": trainer.state.global_step,
            "seconds": round(self.recorder.seconds, 3),
            "tokens": int(trainer.state.num_input_tokens_seen),
            **self.recorder.counts,
            "prompts": len(prompts),
            "times": {what: round(seconds, 3) for what, seconds in self.recorder.totals.items()},
        }
        save_final(trainer, self.stage, str(self.base), adapter=adapter is not None)
        if self.stage.main:
            weights = {str(name): weight for name, weight in config.rewards.weights.items()}
            shown = arguments_shown(arguments, config.lora)
            write_card(CardFacts(self.stage.path, setup, str(self.base), facts, shown, "GRPO", rewards=weights))
        trainer.accelerator.wait_for_everyone()
        self.stage.finish(facts)
        _tidy(self.stage, self.base)
        trainer.accelerator.free_memory()
        del trainer
        gc.collect()
        return facts

    def _sampler(self, arguments: Mapping[str, Any], stop: tuple[str, ...], stack: ExitStack) -> GroupSampler:
        if rollouts_by(self.config, arguments) is not RolloutsBy.VLLM:
            return TrlGroups(stop)
        engine = open_sampler(rollout_engine(self.setup.engine, self.base))
        groups = EngineGroups(engine, self.setup.seed, self.recorder, stop)
        stack.callback(groups.close)
        return groups


def _tidy(stage: StageCheckpoint, base: Path) -> None:
    """Leave the models of the steps on the way for evaluation: whole, and without what going on would need."""
    stage.thin(keep=True)
    for folder in stage.path.glob("checkpoint-*") if stage.main else ():
        adapter = [folder / "adapter_config.json", folder / "adapter_model.safetensors"]
        if adapter[0].exists():
            merge_adapter(str(base), folder, folder)
            (folder / "adapter").mkdir(exist_ok=True)
            for file in reversed(adapter):  # the configuration last: while it is there, this is done again
                if file.exists():
                    file.rename(folder / "adapter" / file.name)


def new_trainer(
    model: Path, args: Any, tokenizer: Any, rollouts: Rollouts, recorder: Recorder, *, adapter: Any = None
) -> Any:
    """The trainer of TRL over the prompts of rollouts, which sample and score."""
    from datasets import Dataset  # noqa: PLC0415 - heavy

    if not args.use_vllm:  # TRL speaks of its own vLLM's version
        warnings.filterwarnings("ignore", message="TRL currently supports vLLM")
    with refusals("grpo.trainer", "trl.GRPOTrainer"):
        trainer = grpo_trainer()(
            model=str(model),
            reward_funcs=rollouts.reward_functions(),
            args=args,
            train_dataset=Dataset.from_dict({"prompt": rollouts.texts}),
            eval_dataset=Dataset.from_dict({"prompt": rollouts.held_out}) if rollouts.held_out else None,
            processing_class=tokenizer,
            peft_config=adapter,
            callbacks=[recorder],
            rollout_func=rollouts,
        )
    quieten(trainer)
    return trainer


def rollout_engine(engine: EngineConfig, model: Path) -> EngineConfig:
    """The engine of the rollouts: the run's, serving the checkpoint that is trained, in its own precision."""
    options = engine.options if engine.kind is EngineKind.VLLM else {}
    return engine.model_copy(
        update={"kind": EngineKind.VLLM, "model": str(model), "dtype": "float32", "options": options}
    )


def _defaults(setup: TrainingSetup, config: GrpoConfig, folder: Path) -> dict[str, Any]:
    weights = config.rewards.weights
    return {
        **machine_defaults(setup.seed, folder),
        "logging_steps": 1,  # what RL does to a model is in its curves
        "save_steps": 0.25,  # of all steps; the models on the way are kept, to be evaluated
        "shuffle_dataset": not config.curriculum,
        "reward_weights": list(weights.values()),
    }


def _identity(setup: TrainingSetup, config: GrpoConfig, arm: str, base: Path, source: Source) -> dict[str, Any]:
    section = config.model_dump(mode="json", exclude={"arms", "data"})
    return {
        "stage": STAGE,
        "arm": arm,
        "model_hash": model_hash(str(base)),
        "data": source.name,
        "data_hash": content_hash(source.train),
        "seed": setup.seed,
        "prompt": setup.prompt.model_dump(mode="json"),
        "verify": setup.verify.model_dump(mode="json", exclude={"workers", "memory_mb", "cache_size"}),
        **section,
    }


def _why_not_vllm(arguments: Mapping[str, Any]) -> str | None:
    import torch  # noqa: PLC0415 - heavy

    if find_spec("vllm") is None:
        return "vllm is not installed"
    if torch.cuda.is_available():
        return "on a GPU the engine beside the trainer is TRL's (grpo.trainer.use_vllm=true)"
    if int(os.environ.get("WORLD_SIZE", "1")) > 1:
        return "it serves one process, and there are several"
    given = [name for name, unset in _OF_TRANSFORMERS.items() if arguments.get(name, unset) not in (unset, None)]
    if given:
        names = ", ".join(f"grpo.trainer.{name}" for name in given)
        return f"it does not have what these options of transformers' generation ask for: {names}"
    return None


def _enough(prompts: Sequence[Prompt], rows: int, args: Any, config: GrpoConfig) -> list[Prompt]:
    """The prompts, over again where they are fewer than one step takes: a small trial ends, too."""
    if not prompts:
        raise NothingToTrainError(
            f"none of {rows} prompts has a pass rate in {list(config.pass_rate)}; search more problems, or widen "
            "grpo.pass_rate"
        )
    needed: int = max(args.generation_batch_size // args.num_generations, 1)
    return list(islice(cycle(prompts), max(needed, len(prompts))))


def _problems(run: Path) -> dict[str, Problem]:
    if not RunDirectory.has_begun(run):
        return {}
    with RunDirectory.read(run) as directory:
        return {problem.id: problem for problem in directory.problems()}


def _problem_of(row: Mapping[str, Any], prompt_format: PromptFormat) -> Problem:
    """The problem that a row of rl describes by itself; the instruction, which it may hold, is given again.

    Raises ValueError where it describes none.
    """
    wrong = [name for name in ("id", "answer") if not isinstance(row.get(name), str)]
    wrong += [] if row.get("prompt") else ["prompt"]
    if wrong:
        there = ", ".join(f"{name} = {row.get(name)!r}" for name in wrong)
        raise ValueError(f"a row needs id and answer as text and a prompt; this one has {there}")
    prompt = row["prompt"] if isinstance(row["prompt"], str) else row["prompt"][-1]["content"]
    prompt = row.get("problem") or prompt.removesuffix(f"\n\n{prompt_format.instruction}")
    facts = row.get("metadata") or {}
    try:
        metadata = json.loads(facts) if isinstance(facts, str) else facts
    except ValueError as error:
        raise ValueError(f"the metadata of {row['id']} is not JSON: {error}") from error
    problem = Problem(row["id"], prompt, row["answer"], row.get("task") or "math", "", metadata)
    if (reason := check_gold(problem)) is not None:
        raise ValueError(f"{problem.id} cannot be graded: {reason}")
    return problem


def _describe(sampler: GroupSampler, args: Any) -> str:
    if isinstance(sampler, EngineGroups):
        return "ASTRO's vLLM engine"
    return f"TRL's vLLM ({args.vllm_mode})" if args.use_vllm else "transformers"
