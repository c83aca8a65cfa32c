"""What members of the workspace require from elsewhere, one a line: `third_party.py FOLDER…`; for deploy/Dockerfile."""

import sys
import tomllib
from pathlib import Path

for folder in sys.argv[1:]:
    project = tomllib.loads((Path(folder) / "pyproject.toml").read_text())["project"]
    for requirement in project["dependencies"]:
        if not requirement.startswith("startline-"):
            print(requirement)
