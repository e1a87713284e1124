"""Instructions of a deposit as people and wallets read them: an exact amount, and a QR code by EIP-681."""

from base64 import b64encode
from dataclasses import dataclass
from io import BytesIO

from qrcode.constants import ERROR_CORRECT_M
from qrcode.image.svg import SvgPathImage
from qrcode.main import QRCode

from dashboard.credits.models import Purchase

# Chain ids of EIP-155. A wallet that is not told the chain might pay on another one, so an unknown network has no code.
CHAINS = {"base": 8453, "base-sepolia": 84532, "ethereum": 1, "polygon": 137, "arbitrum": 42161, "optimism": 10}


@dataclass(frozen=True)
class Deposit:
    """What to pay where. `amount` is exact, in whole coins with all its decimals; `atomic` the same in atomic units."""

    amount: str
    atomic: str
    token: str
    network: str
    address: str
    contract: str

    @property
    def uri(self) -> str:
        """The request of EIP-681 for a token transfer; empty for a network whose chain is not known."""
        chain = CHAINS.get(self.network.lower())
        if chain is None:
            return ""
        return f"ethereum:{self.contract}@{chain}/transfer?address={self.address}&uint256={self.atomic}"

    @property
    def qr(self) -> str:
        """The request as an SVG image in a data: address; empty without a request."""
        return _svg(self.uri) if self.uri else ""


def deposit_get(purchase: Purchase) -> Deposit | None:
    """Return the checked instructions of a purchase (contract 3.8); None where there are none."""
    told = purchase.deposit
    if not told:
        return None
    return Deposit(
        amount=exact_amount(int(told["amount_atomic"]), int(told["decimals"])),
        atomic=told["amount_atomic"],
        token=told["token"].upper(),
        network=told["network"],
        address=told["address"],
        contract=told["contract"],
    )


def exact_amount(atomic: int, decimals: int) -> str:
    """Return whole atomic units as coins: 5_000_000 of 6 decimals is "5.000000"."""
    coins, rest = divmod(atomic, 10**decimals)
    return f"{coins}.{rest:0{decimals}}"


def _svg(text: str) -> str:
    code = QRCode(error_correction=ERROR_CORRECT_M, border=2)
    code.add_data(text)
    file = BytesIO()
    code.make_image(image_factory=SvgPathImage).save(file)
    return f"data:image/svg+xml;base64,{b64encode(file.getvalue()).decode()}"
