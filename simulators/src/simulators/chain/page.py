"""The chain's page for people, which works without scripts."""

from html import escape

from simulators.chain.control import ChainState, Faults, TransferItem

PAGE_POLICY = "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'self'"


def chain_page(state: ChainState, prefix: str) -> str:
    """Return the chain, its newest transfers and its control as HTML. `prefix` is the path of the routes."""
    names = {each.address: each.name for each in state.tokens}
    transfers = "\n".join(_transfer(each, names.get(each.token, each.token)) for each in state.transfers)
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Simulated chain</title><link rel="stylesheet" href="{_parent(prefix)}/style.css"></head><body>
<h1>Simulated chain</h1>
<p>Chain {state.chain_id}, block {state.head} of {state.time:%Y-%m-%d %H:%M:%S} UTC. No money moves here.</p>
<h2>Send</h2>{_sending(state, prefix)}
<h2>Blocks</h2>{_blocks(prefix)}
<h2>Endpoints</h2><ul>{"".join(_endpoint(each, state.endpoints[each], prefix) for each in state.endpoints)}</ul>
<h2>Transfers</h2>{transfers or "<p>Nothing yet.</p>"}
</body></html>
"""


def _parent(prefix: str) -> str:
    return prefix.rpartition("/")[0]


def _sending(state: ChainState, prefix: str) -> str:
    tokens = "".join(f'<option value="{each.address}">{escape(each.name)}</option>' for each in state.tokens)
    return f"""<form method="post" action="{prefix}/page/send">
<p><label>Token <select name="token">{tokens}</select></label>
<label>Amount <input name="amount" inputmode="decimal" required size="12"></label></p>
<p><label>To <input name="to" required size="28" pattern="0x[0-9a-fA-F]{{40}}" autocomplete="off"></label>
<button>Send</button></p></form>"""


def _blocks(prefix: str) -> str:
    return f"""<form method="post" action="{prefix}/page/mine">
<p><label>Blocks <input name="blocks" type="number" min="1" value="12"></label> <button>Mine now</button></p></form>
<form method="post" action="{prefix}/page/reorg">
<p><label>Depth <input name="depth" type="number" min="1" value="3"></label>
<label><input name="keep" type="checkbox" value="true"> mine their transactions again</label>
<button>Replace newest blocks</button></p></form>"""


def _endpoint(name: str, faults: Faults, prefix: str) -> str:
    shown = ", ".join(f"{fault}={value}" for fault, value in faults.model_dump(exclude_defaults=True).items())
    return f"<li>{escape(name)}: <code>{prefix}/rpc/{escape(name)}</code> {escape(shown) or 'works'}</li>"


def _transfer(transfer: TransferItem, name: str) -> str:
    where = "pending" if transfer.block is None else f"block {transfer.block}, {transfer.time:%Y-%m-%d %H:%M:%S} UTC"
    return f"""<article><h3>{transfer.amount} {escape(name)}</h3>
<p class="about">{where}{" · reverted" if transfer.reverted else ""}</p>
<pre>from {transfer.sender}
to {transfer.to}
transaction {transfer.tx_hash}</pre></article>"""
