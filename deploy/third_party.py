"""What members of the workspace require from elsewhere, one a line: `third_party.py [--extras] FOLDER…`.

For deploy/Dockerfile. With `--extras` also what their extras require.
"""

import sys
import tomllib
from pathlib import Path

with_extras = "--extras" in sys.argv
for folder in (each for each in sys.argv[1:] if each != "--extras"):
    project = tomllib.loads((Path(folder) / "pyproject.toml").read_text())["project"]
    extras = [each for extra in project.get("optional-dependencies", {}).values() for each in extra]
    for requirement in (*project["dependencies"], *(extras if with_extras else ())):
        if not requirement.startswith("startline-"):
            print(requirement)
