"""The address to which Midtrans sends notifications."""

from chassis.auth.access import public
from chassis.web.dependencies import Work
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.charges.commands import store_notice
from payment.charges.errors import WrongSignature
from payment.charges.notices import Notice, is_signed
from payment.dependencies import OwnGateway

router = Router(prefix="/webhooks", tags=["gateway"], dependencies=[public])


@router.post("/midtrans", responses=errors(WrongSignature))
async def receive_notice(notice: Notice, work: Work, gateway: OwnGateway) -> dict[str, str]:
    """Store a signed notification, also of an unknown order, and let the gateway be asked about its order."""
    account = await gateway.account(work.session)
    if account is None or not is_signed(notice, account.server_key):
        raise WrongSignature
    await store_notice(work, notice)
    return {"status": "stored"}
