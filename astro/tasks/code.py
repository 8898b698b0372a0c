"""Programs that must pass unit tests."""

from astro.tasks.row import Gold
from astro.tasks.task import Task
from astro.verify import Extraction, VerifyConfig
from astro.verify.forms import code


class _Code(Task):
    def marked_answer(self, response: str, config: VerifyConfig) -> Extraction:
        """The program in a closed code block, whatever config asks for."""
        return code.read(response, config)


CODE = _Code(
    "code",
    "astro.verify.forms.code",
    gold=Gold(structured=True),
    credits={"unit_tests": code.share_passed},
)
