"""Templates without end are refused before they are rendered in this process."""

import shutil
from pathlib import Path

import pytest

from astro.errors import ConfigError
from astro.models.prompt_settings import PromptConfig, check_template
from astro.models.template_trial import try_template
from astro.models.tokenizer import hf_tokenizer

MODEL = Path(__file__).parents[2] / "data" / "models" / "tiny-countdown"
ENDLESS = "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}"


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (ENDLESS, "does not end"),
        ("{% generation %}" + ENDLESS + "{% endgeneration %}", "does not end"),
        ("{{ 'x' * 10 ** 10 }}", "1 GiB of memory"),
        ("{% set n = namespace(x='x') %}{% for a in range(60) %}{% set n.x = n.x ~ n.x %}{% endfor %}", "memory|end"),
        ("{% for a in range(90000) %}0123456789012345{% endfor %}", "1 MiB"),
        ("{{ 'x' * 9000000 }}", "1 MiB"),
    ],
)  # fmt: skip
def test_a_template_that_takes_too_much_is_refused(source, words):
    """Time, memory and what it writes are bounded."""
    with pytest.raises(ConfigError, match=words):
        try_template(source, "the template")


@pytest.mark.parametrize(
    "source",
    [
        "{% for m in messages %}{{ m.role }}{% if loop.last %}{% break %}{% endif %}{% endfor %}{{ bos_token }}",
        "{{ raise_exception('no') }}",
        "{% for %}",
        "{{ 1 // 0 }}",
        "{{ messages | tojson(indent=2) }}{{ strftime_now('%d') }}{{ tools }}",
    ],
)
def test_every_other_template_is_left_to_the_model(source):
    """Good ones, and those whose mistakes are reported where they are rendered."""
    try_template(source, "the template")


def test_the_template_of_a_model_is_tried_before_it_is_used(tmp_path):
    """The message names the model."""
    folder = tmp_path / "m"
    shutil.copytree(MODEL, folder)
    (folder / "chat_template.jinja").write_text("{{ 'x' * 9000000 }}")
    with pytest.raises(ConfigError, match=rf"the chat template of {folder} writes more than 1 MiB"):
        hf_tokenizer(str(folder))


def test_the_template_of_a_prompt_is_tried_before_it_is_used(tmp_path):
    """A file of the configuration is a program, too."""
    (tmp_path / "t.jinja").write_text("{{ problem }}{{ 'x' * 10 ** 10 }}")
    with pytest.raises(ConfigError, match=r"prompt.template .*t.jinja needs more than 1 GiB"):
        check_template(PromptConfig(template=str(tmp_path / "t.jinja")))
