"""`python -m testkit COMMAND …`: find or start the servers once, and run the command with their URLs."""

import os
import subprocess
import sys
from collections.abc import Sequence

from testkit.servers import fast_postgres, find_rabbitmq


def main(command: Sequence[str]) -> int:
    """Run the command and return its exit code."""
    postgres = fast_postgres()
    print(postgres.where, flush=True)
    try:
        rabbitmq = find_rabbitmq()
        print(rabbitmq.where, flush=True)
        try:
            environment = {**os.environ, "TEST_DATABASE_URL": postgres.url, "TEST_BROKER_URL": rabbitmq.url}
            return subprocess.run(command, env=environment, check=False).returncode
        finally:
            rabbitmq.stop()
    finally:
        postgres.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
