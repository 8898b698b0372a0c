"""`astro export --push-to-hub`: the data sets of a run, or a trained model, as a repository of the Hugging Face hub."""

from pathlib import Path

from rich.console import Console

from astro.errors import ConfigError, StoreError

_OWN = [".asked/*", "complete.json", "*.partial", ".lock", "settings.yaml", "checkpoint-*/*"]  # of ASTRO alone


def push(run: Path, name: str, console: Console, *, checkpoint: str | None = None, private: bool = False) -> str:
    """Upload the data sets of a run with their card, or the model of a checkpoint with its; returns the address.

    name: OWNER/NAME on the hub; the repository is created if necessary. checkpoint: such as astro/sft.
    The token is huggingface_hub's: HF_TOKEN, or that of `hf auth login`.
    Raises StoreError if there is nothing to upload, ConfigError with the hub's reason if it refuses.
    """
    from huggingface_hub import HfApi  # noqa: PLC0415 - slow to import
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalTokenNotFoundError  # noqa: PLC0415

    folder = run / "datasets" if checkpoint is None else run / "checkpoints" / checkpoint
    marker = "complete.json" if checkpoint is None else "done.json"
    if not (folder / marker).is_file():
        raise StoreError(f"{folder} is not there, or not finished (it has no {marker}); make it with `astro run`")
    kind = "dataset" if checkpoint is None else "model"
    hub = HfApi()
    try:
        hub.create_repo(name, repo_type=kind, private=private, exist_ok=True)
        hub.upload_folder(
            repo_id=name,
            repo_type=kind,
            folder_path=folder,
            commit_message=f"The {kind} of the ASTRO run {run.name}",
            ignore_patterns=_OWN,
        )
    except (HfHubHTTPError, HFValidationError, LocalTokenNotFoundError, OSError, ValueError) as error:
        raise ConfigError(f"--push-to-hub {name}: {str(error).strip()}") from error
    address = f"{hub.endpoint}/{'datasets/' if kind == 'dataset' else ''}{name}"
    console.print(f"{folder} is at {address}", markup=False, soft_wrap=True)
    return address
