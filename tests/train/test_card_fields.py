import pytest

from astro.train.card import base_on_hub


def test_a_name_of_the_hub_is_its_own_base():
    """It needs no folder."""
    assert base_on_hub("Qwen/Qwen2.5-0.5B-Instruct") == "Qwen/Qwen2.5-0.5B-Instruct"


def test_a_checkpoint_of_astro_passes_its_base_on(tmp_path):
    """GRPO starts from the folder of SFT, whose card names the model of the hub."""
    (tmp_path / "README.md").write_text("---\nbase_model: me/model\ntags: [astro, trl]\n---\n\n# A card\n")
    assert base_on_hub(str(tmp_path)) == "me/model"


@pytest.mark.parametrize(
    "card",
    [
        None,
        "# No header",
        "---\nbase_model: other/grandparent\ntags: [chat]\n---\n",  # of a downloaded model: not its own name
        "---\nbase_model: [a, b]\ntags: [astro]\n---\n",
        "---\n: {\n---\n",
        "---\n- a list\n---\n",
    ],
)
def test_other_folders_name_no_base(tmp_path, card):
    """Nothing is guessed, and nobody's card is an error."""
    if card is not None:
        (tmp_path / "README.md").write_text(card)
    assert base_on_hub(str(tmp_path)) is None
