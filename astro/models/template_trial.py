"""A trial of a Jinja template that comes with a model or a configuration: a template is a program, and may have no end.

It renders a short conversation in a process of its own, with bounds on time, memory and what it writes. A template that
fails there in any other way may pass, because transformers defines more names than the trial does.
"""

import json
import subprocess
import sys
from functools import cache

from astro.errors import ConfigError

_CPU_SECONDS, _WALL_SECONDS = 2, 120  # on a busy machine the second is longer
_MEMORY_BYTES = 1 << 30
_LONGEST = 1 << 20  # characters for two turns
_TOO_LONG, _OUT_OF_MEMORY = 3, 4  # exit statuses of the trial

_TRIAL = f"""
import json, re, resource, sys
resource.setrlimit(resource.RLIMIT_CPU, ({_CPU_SECONDS}, {_CPU_SECONDS} + 1))
resource.setrlimit(resource.RLIMIT_AS, ({_MEMORY_BYTES}, {_MEMORY_BYTES}))
import jinja2, jinja2.ext
from jinja2.sandbox import ImmutableSandboxedEnvironment

said = [{{"role": "user", "content": "Why?"}}, {{"role": "assistant", "content": "So."}}]
names = {{"messages": said, "problem": "Why?", "instruction": "Say.", "system": "Be.", "examples": [],
          "add_generation_prompt": True, "bos_token": "<s>", "eos_token": "</s>"}}
environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=[jinja2.ext.loopcontrols])
environment.filters["tojson"] = lambda value, **_: json.dumps(value, default=str)
environment.globals["strftime_now"] = lambda _: "26 Jul 2024"
source = re.sub(r"\\{{%[-+]?\\s*(end)?generation\\s*[-+]?%\\}}", "", json.load(sys.stdin))
try:
    length = sum(len(part) for part in environment.from_string(source).generate(names))
except MemoryError:
    sys.exit({_OUT_OF_MEMORY})
except Exception:
    sys.exit(0)
sys.exit({_TOO_LONG} if length > {_LONGEST} else 0)
"""


@cache
def try_template(source: str, what: str) -> None:
    """Render a template within bounds. what: its name in messages. Raises ConfigError if it does not stay within them.

    The process takes about 0.2 seconds.
    """
    try:
        done = subprocess.run(  # noqa: S603 - our own interpreter and code
            [sys.executable, "-c", _TRIAL],
            input=json.dumps(source),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_WALL_SECONDS,
            check=False,
            text=True,
        )
        status = done.returncode
    except subprocess.TimeoutExpired:
        status = -1
    if status < 0:
        raise ConfigError(f"{what} does not end within {_CPU_SECONDS} s of processor time; is it a template at all?")
    if status == _OUT_OF_MEMORY:
        raise ConfigError(f"{what} needs more than {_MEMORY_BYTES >> 30} GiB of memory to render two short turns")
    if status == _TOO_LONG:
        raise ConfigError(f"{what} writes more than {_LONGEST >> 20} MiB for two short turns")
