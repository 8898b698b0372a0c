import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from training_runs import MODEL
from transformers import AutoTokenizer

from astro.errors import ConfigError
from astro.models.prompt_settings import PromptConfig
from astro.models.prompting import PromptFormat
from astro.train.examples import IGNORED, ExampleMaker, find_source, problem_texts, read_rows


@pytest.fixture(scope="module")
def tokenizer():
    return AutoTokenizer.from_pretrained(MODEL)


def test_what_is_trained_is_what_the_engine_is_asked(made_run, tokenizer):
    """A row's tokens are those of the solve prompt, the solution and the end of the turn; the prompt is not learned."""
    run = made_run.directory
    prompt_format, texts = PromptFormat(made_run.prompt, tokenizer), problem_texts(run)
    source = find_source(run, "sft")
    assert source.own
    assert not find_source(run, str(source.train[0])).own  # its ids may be those of other problems
    rows = read_rows(source.train)
    examples = list(ExampleMaker(prompt_format, tokenizer, texts).examples(rows, "sft"))
    assert len(examples) == len(rows) > 10
    for row, example in zip(rows, examples, strict=True):
        prompt = prompt_format.solve_ids(texts[row["problem_id"]])
        solution = tokenizer.encode(row["completion"][0]["content"], add_special_tokens=False)
        assert example.input_ids == [*prompt, *solution, tokenizer.eos_token_id]
        assert example.labels == [IGNORED] * len(prompt) + example.input_ids[len(prompt) :]


@pytest.mark.parametrize(
    "prompt",
    [
        {"template": "tiny", "thinking_prefix": "Then "},
        {"system": "Be brief.", "template": "chat"},
        {"style": "plain", "template": "plain"},
    ],
)
def test_rows_of_other_problems_are_asked_in_their_own_words(tokenizer, prompt):
    """The turns that a data set holds give the tokens of the solve prompt, for chat and base models."""
    prompt_format = PromptFormat(PromptConfig.model_validate_json(json.dumps(prompt)), tokenizer)
    problem = "Using each of the numbers 2 and 3 exactly once, make 5."
    row = {"prompt": prompt_format.training_messages(problem), "completion": "2 + 3 = 5", "problem_id": "elsewhere"}
    (example,) = ExampleMaker(prompt_format, tokenizer, {}).examples([row], "mine")
    assert example.input_ids[: example.prompt_tokens] == prompt_format.solve_ids(problem)


def test_an_unknown_data_set_is_named_with_those_there_are(made_run):
    """A mistyped name is found before a model is loaded."""
    with pytest.raises(ConfigError, match=r"no data set 'stf'.*direct, messages, rl, sft"):
        find_source(made_run.directory, "stf")


def test_test_rows_are_not_trained_on(tmp_path):
    """In a folder whose other file is not called train, either."""
    for name in ("mine", "test-0"):
        pq.write_table(pa.table({"prompt": ["p"], "completion": ["c"]}), tmp_path / f"{name}.parquet")
    source = find_source(tmp_path / "no-run", str(tmp_path))
    assert [[file.name for file in files] for files in (source.train, source.test)] == [
        ["mine.parquet"], ["test-0.parquet"],
    ]  # fmt: skip
