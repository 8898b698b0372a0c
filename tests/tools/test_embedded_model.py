"""The committed model: it loads like any other, errs, never goes back by itself, and does its three other tasks."""

import asyncio
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer

from astro.records.split import Split
from astro.tasks.countdown.generator import CountdownConfig, generate
from astro.verify import Verifier
from tools.tiny_model.measure import Attempt, Subject, backtracks, judge, judging, solving
from tools.tiny_model.rewriting import Faults, Task, rewrite_shares, rewrite_solutions

ROOT = Path(__file__).parents[2]
LARGEST_FOLDER = 12 * 2**20  # bytes


def test_the_folder_is_small_and_holds_what_a_model_needs(model_path: Path) -> None:
    """Weights, configuration, tokenizer, template, log and card, within the limit that git is asked to carry."""
    sizes = {path.name: path.stat().st_size for path in model_path.iterdir()}
    assert sum(sizes.values()) < LARGEST_FOLDER
    assert set(sizes) >= {
        "config.json",
        "generation_config.json",
        "model.safetensors",
        "tokenizer.json",
        "tokenizer_config.json",
        "chat_template.jinja",
        "training_log.jsonl",
        "README.md",
        "loss.svg",
    }


def test_transformers_loads_it_and_it_ends_its_turns(model_path: Path, checker: Verifier) -> None:
    """By the automatic classes; greedy solutions end by themselves, with an answer that the verifier can read."""
    tokenizer, model = AutoTokenizer.from_pretrained(model_path), AutoModelForCausalLM.from_pretrained(model_path)
    for problem in generate(CountdownConfig(count=3, sizes=(3,), split=Split.TEST, seed=5)):
        chat = [{"role": "user", "content": problem.prompt}]
        prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
        written = model.generate(**prompt, max_new_tokens=160, do_sample=False)[0, prompt["input_ids"].shape[1] :]
        assert written[-1] == tokenizer.eos_token_id
        assert checker.verify(problem, tokenizer.decode(written, skip_special_tokens=True)).answer is not None


def test_its_template_marks_what_the_assistant_says(model_path: Path) -> None:
    """The mask of a conversation of two exchanges covers both replies with their ends, and nothing else."""
    tokenizer = AutoTokenizer.from_pretrained(model_path)
    replies = ["I take 3 + 7 = 10, which leaves 10.", "No."]
    chat = [
        {"role": role, "content": text} for reply in replies for role, text in (("user", "?"), ("assistant", reply))
    ]
    made = tokenizer.apply_chat_template(chat, return_assistant_tokens_mask=True, return_dict=True)
    said = [token for token, mask in zip(made["input_ids"], made["assistant_masks"], strict=True) if mask]
    assert tokenizer.decode(said) == "".join(f"{reply}<|end|>" for reply in replies)


@pytest.mark.engine
def test_it_solves_some_problems_and_misses_many(solved: list[list[Attempt]]) -> None:
    """Held-out problems of four numbers: between a tenth and a half of the solutions are right, chance allowed for."""
    figures = solving(solved)
    assert 0.07 < figures["pass_at_1"] < 0.55
    assert figures["arithmetic"] > 0.85


@pytest.mark.engine
def test_it_never_goes_back_by_itself(solved: list[list[Attempt]]) -> None:
    """Not one of 400 solutions backtracks."""
    assert backtracks(attempt for group in solved for attempt in group) == 0


@pytest.fixture(scope="module")
def rewritten(embedded: Subject, solved: list[list[Attempt]]) -> Faults:
    return asyncio.run(rewrite_solutions(embedded, solved, 2))


@pytest.mark.engine
@pytest.mark.parametrize("task", [Task.REWRITE, Task.BACKTRACK])
def test_it_rewrites_steps_and_the_way_back_to_them(rewritten: Faults, task: Task) -> None:
    """Most thoughts pass the checks at the first try; the way back to the beginning is harder, as the card says."""
    figures = rewrite_shares(rewritten, task)
    assert figures["asked"] > 20
    assert figures["first_try"] > 0.85


@pytest.mark.engine
def test_it_judges_better_than_chance(embedded: Subject, solved: list[list[Attempt]]) -> None:
    """Right solutions get more of its votes than wrong ones do."""
    attempts = [attempt for group in solved for attempt in group]
    approved = asyncio.run(judge(embedded, [one for one in attempts if one.correct], 8))
    refused = asyncio.run(judge(embedded, [one for one in attempts if not one.correct], 8))
    assert judging(approved, refused, 1)["auc"] > 0.55


@pytest.mark.engine
@pytest.mark.parametrize("library", ["transformers", "vllm"])
def test_the_snippets_of_the_card_run(model_path: Path, tmp_path: Path, library: str) -> None:
    """Each is a whole script that prints a solution."""
    snippets = re.findall(r"```python\n(.*?)```", (model_path / "README.md").read_text(), re.DOTALL)
    (snippet,) = (one for one in snippets if f"from {library} import" in one)
    script = tmp_path / "snippet.py"
    script.write_text(snippet)
    environment = os.environ | {"OMP_NUM_THREADS": "1", "TORCHDYNAMO_DISABLE": "1"}
    done = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, check=False, cwd=ROOT, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "I take" in done.stdout
