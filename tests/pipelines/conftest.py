"""The modules beside the scripts of pipelines/ are importable, as they are for a script that is started."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "pipelines"))
