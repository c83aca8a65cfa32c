"""EVM networks without a database: addresses of an extended public key, JSON-RPC, ERC-20 transfers, and amounts."""
