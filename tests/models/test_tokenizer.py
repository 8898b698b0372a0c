"""Loading a model's tokenizer."""

from local_tokenizers import train_tokenizer

from astro.models.tokenizer import hf_tokenizer


def test_a_mistral_model_has_its_hugging_face_tokenizer(tmp_path):
    """Beside it lies Mistral's own, which has no chat template and which transformers prefers."""
    tokenizer = train_tokenizer(600)
    tokenizer.chat_template = "{{ messages[0]['content'] }}"
    tokenizer.save_pretrained(tmp_path)
    (tmp_path / "config.json").write_text('{"model_type": "mistral"}')
    (tmp_path / "tekken.json").write_text("{}")
    assert hf_tokenizer(str(tmp_path)).chat_template == tokenizer.chat_template
