"""Rows of payment that the doctor has something to say about, for each of its codes of USDT."""

from typing import Final

_HASH: Final = "sha256('x')"
_ADDRESS: Final = r"'\x0000000000000000000000000000000000000000'::bytea"
_PAID: Final = "00000000-0000-0000-0000-0000000000a1"
_LOST: Final = "00000000-0000-0000-0000-0000000000a2"
_KEY: Final = "00000000-0000-0000-0000-0000000000a3"

TROUBLE: Final = rf"""
    INSERT INTO usdt_networks (network, chain_id, token_contract, decimals, endpoints, enabled, probed_at, updated_at)
    VALUES ('polygon', 137, {_ADDRESS}, 6, 'sealed', true, now(), now()),
           ('bsc', 56, {_ADDRESS}, 18, 'sealed', true, now(), now());
    INSERT INTO chain_cursors
           (chain_id, scanned_block, confirmed_block, head_block, stopped, trouble, trouble_since, updated_at)
    VALUES (137, 1, 1, 1, true, NULL, NULL, now()),
           (56, 1, 1, 1, false, 'down', now() - interval '2 hours', now());
    INSERT INTO invoices
           (registration_id, registration_number, payer_name, amount, currency, status, expires_at, revision,
            created_at, updated_at)
    SELECT id, 'X-' || id, 'Ayu', 16650, 'IDR', 'paid', now(), 1,
           now() - interval '1 hour', now() - interval '1 hour'
      FROM unnest(ARRAY['{_PAID}', '{_LOST}']::uuid[]) AS id;
    INSERT INTO receiving_keys (id, xpub, xpub_digest, path, state, created_at, created_by)
    VALUES ('{_KEY}', 'sealed', {_HASH}, 'm', 'proposed', now(), gen_random_uuid());
    INSERT INTO payment_addresses (registration_id, key_id, index, address, created_at, watch_until)
    VALUES ('{_LOST}', '{_KEY}', 0, {_ADDRESS}, now(), now());
    INSERT INTO usdt_rates (source, idr_per_usdt, observed_at, created_at, accepted)
    VALUES ('indodax', 16650, now(), now(), true);
    INSERT INTO usdt_quotes
           (id, registration_id, network, rate_id, idr_per_usdt, amount_idr, amount, locked_at, expires_at)
    SELECT gen_random_uuid(), '{_LOST}', 'polygon', id, 16650, 16650, 1, now() - interval '2 hours', now()
      FROM usdt_rates;
    INSERT INTO blockchain_transactions
           (id, chain_id, tx_hash, log_index, block_number, block_hash, block_time, token, sender, recipient, units,
            kind, state, registration_id, settled, seen_at, confirmed_at, failed_at)
    SELECT gen_random_uuid(), 137, {_HASH}, row_number() OVER (), 1, {_HASH}, now(), {_ADDRESS}, {_ADDRESS}, {_ADDRESS},
           1000000, 'usdt', state, registration_id::uuid, settled, now(), confirmed_at, failed_at
      FROM (VALUES ('confirmed', '{_PAID}', NULL, now() - interval '1 hour', NULL),
                   ('failed', '{_LOST}', 'kept', NULL, now()))
        AS t (state, registration_id, settled, confirmed_at, failed_at)
"""

FORGET: Final = f"""
    DELETE FROM blockchain_transactions; DELETE FROM usdt_quotes; DELETE FROM usdt_rates; DELETE FROM payment_addresses;
    DELETE FROM receiving_keys; DELETE FROM invoices WHERE registration_id IN ('{_PAID}', '{_LOST}');
    DELETE FROM chain_cursors; DELETE FROM usdt_networks
"""
