"""The baseline: pgbench doing the same writes, one runner per transaction, with prepared statements."""

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from embedded.postgres import binary

from bench.stage import Stage

CLIENTS = (1, 2, 4, 8, 16, 32)

_SCRIPT = """
\\set person random(1, 1000000000000000)
BEGIN;
UPDATE category_places SET taken = taken + 1, last_number = last_number + 1
 WHERE category_id = '{category}' AND taken + 1 <= quota RETURNING last_number AS number \\gset
SELECT gen_random_uuid() AS id \\gset
INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type, total_participants,
    total_amount, currency, status, access_version, expires_at, created_at, updated_at)
 VALUES (:id, '{event}', '{category}', 'HOT-' || :number::text, 'individual', 1, 100000, 'IDR', 'pending_payment', 1,
    now() + interval '1 day', now(), now());
INSERT INTO participants (id, registration_id, event_id, position, person_key, live, is_pic, full_name, email, whatsapp,
    gender, date_of_birth, jersey_size, emergency_contact_name, emergency_contact_phone, search_text)
 VALUES (gen_random_uuid(), :id, '{event}', 0, md5(:person::text) || md5(:number::text), true, true,
    'Budi Santoso ' || :person::text,
    'b' || :person::text || '@example.com', '6281234567890', 'male', '1990-01-31', 'l', 'Siti',
    '6281298765432', 'budi santoso ' || :person::text);
INSERT INTO idempotency_keys (key, request_hash, registration_id, response, created_at)
 VALUES (:id, md5(:person::text), :id, repeat('x', 520), now());
INSERT INTO outbox (queue, payload) VALUES ('events', convert_to(repeat('x', 900), 'UTF8'));
COMMIT;
"""


@dataclass(frozen=True)
class Transactions:
    """What pgbench did: how many, and how many a second once it was connected."""

    count: int
    per_second: float


def transactions(stage: Stage, *, clients: int, seconds: int) -> Transactions:
    """One runner per transaction, all for the stage's first category.

    Raises:
        ValueError: pgbench failed, or even one transaction did.
    """
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "register.sql"
        script.write_text(_SCRIPT.format(category=stage.categories[0], event=stage.event_id))
        threads = str(min(clients, 2))
        command = [str(binary("pgbench")), "-n", "-M", "prepared", "-f", str(script), "-c", str(clients)]
        command += ["-j", threads, "-T", str(seconds), stage.plain_url]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    rate = re.search(r"tps = ([0-9.]+)", done.stdout)
    count = re.search(r"transactions actually processed: (\d+)", done.stdout)
    if done.returncode or rate is None or count is None:
        raise ValueError(f"pgbench said something else: {done.stdout} {done.stderr}")
    return Transactions(int(count.group(1)), float(rate.group(1)))
