"""Fills the demo: agents that sign up and work at the sandbox over its public HTTP API, then are claimed.

Everything that the dashboard shows of them comes back through the same sync as any agent's.
"""

import secrets
from dataclasses import asdict, dataclass

from django.conf import settings

from api_client import ApiError, Client
from dashboard.accounts.models import User, Workspace
from dashboard.agents.ceremony import attempt_present, attempt_start
from dashboard.agents.models import Claim
from dashboard.agents.services import claim_confirm
from dashboard.sync.pipeline import agent_sync

# The sandbox's own word for "let the provider fail" (docs/hosted-api.md): a demo without a failure would lie.
FAILS = "[sandbox:provider_failure]"


@dataclass(frozen=True)
class Picture:
    """One picture to make, and what its first output is edited by afterwards."""

    prompt: str
    model: str | None = None
    aspect_ratio: str = "1:1"
    output_count: int | None = None
    edits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Report:
    title: str
    body: str
    severity: str = "medium"


@dataclass(frozen=True)
class DemoAgent:
    """One agent's life so far: what it makes, what it reports, whether it asks for a quote."""

    name: str
    runtime: str
    pictures: tuple[Picture, ...] = ()
    plans: tuple[str, ...] = ()
    feedback: Report | None = None
    quote_pack: str | None = None
    warn_credits_per_day: int | None = None


AGENTS = (
    DemoAgent(
        "render-bot",
        "claude-code",
        pictures=(
            Picture("A lighthouse above a sea of fog at dawn", aspect_ratio="16:9"),
            Picture(
                "Paper-cut mountains under two moons",
                model="fal.flux-dev",
                edits=("Let snow fall on the mountains",),
            ),
        ),
        plans=("A night market seen from the roofs",),
        feedback=Report(
            title="Aspect ratio 21:9 is listed but refused",
            body="models show lists 21:9, create answers MODEL_PARAMETERS_INVALID.",
            severity="high",
        ),
        quote_pack="starter-500",
        warn_credits_per_day=100,
    ),
    DemoAgent(
        "storyboarder",
        "codex",
        pictures=(
            Picture("Storyboard frame: a bicycle on an empty bridge", model="xai.grok-imagine-image"),
            Picture("Storyboard frame: the bridge from below", model="xai.grok-imagine-image"),
            Picture("Storyboard frame: rain begins", model="xai.grok-imagine-image"),
            Picture("Storyboard frame: lights in the water", model="xai.grok-imagine-image"),
        ),
    ),
    DemoAgent(
        "product-shots",
        "openclaw",
        pictures=(
            Picture("A ceramic cup on linen, morning light", output_count=2),
            Picture(f"A ceramic cup on slate {FAILS}"),
        ),
        feedback=Report(
            title="Provider failure without a reason",
            body="The second cup failed and the message does not say whether to retry.",
        ),
    ),
    DemoAgent(
        "poster-press",
        "hermes",
        pictures=(
            Picture("Poster for a jazz night in a greenhouse", model="fal.flux-pro-v1-1-ultra", aspect_ratio="3:4"),
            Picture("Poster for a film about tides", model="fal.flux-dev", aspect_ratio="3:4"),
        ),
    ),
    DemoAgent("quiet-archivist", "cron"),
)


def demo_is_filled(workspace: Workspace) -> bool:
    return Claim.objects.filter(workspace=workspace).exists()


def demo_fill(*, workspace: Workspace, sponsor: User) -> None:
    """Play every demo agent's life and claim it for the sponsor; raises ApiError when the sandbox fails."""
    for life in AGENTS:
        token = agent_sign_up(life.name, life.runtime)
        _live(life, token)
        claim = _claim(workspace, sponsor, token, life.warn_credits_per_day)
        agent_sync(claim.agent_id)


def agent_sign_up(name: str, runtime: str) -> str:
    """Sign a fresh, anonymous agent up and return its token."""
    with Client(base_url=settings.IMAGE_SKILL_API_BASE_URL) as client:
        signed_up = client.identity.sign_up(agent_name=name, runtime=runtime, return_token=True)
    if signed_up.token is None:
        raise RuntimeError("The sandbox returned no token.")
    return signed_up.token.reveal()


def _live(life: DemoAgent, token: str) -> None:
    with Client(base_url=settings.IMAGE_SKILL_API_BASE_URL, token=token) as client:
        for prompt in life.plans:
            client.work.create(prompt=prompt, dry_run=True, idempotency_key=_key())
        for picture in life.pictures:
            picture_make(client, picture)
        if life.feedback:
            client.feedback.create(**asdict(life.feedback))
        if life.quote_pack:
            client.credits.quote_create(
                pack_id=life.quote_pack, payment_method="stripe_checkout", idempotency_key=_key()
            )


def picture_make(client: Client, picture: Picture) -> None:
    """Create and edit one picture; the one that is told to fail does, and leaves its failed job in the ledger."""
    try:
        made = client.work.create(
            prompt=picture.prompt,
            model=picture.model,
            aspect_ratio=picture.aspect_ratio,
            output_count=picture.output_count,
            idempotency_key=_key(),
        )
    except ApiError:
        if FAILS not in picture.prompt:
            raise
        return
    for prompt in picture.edits:
        client.work.edit(input_asset_id=made.asset_ids[0], prompt=prompt, idempotency_key=_key())


def _key() -> str:
    return f"demo-{secrets.token_hex(8)}"


def _claim(workspace: Workspace, sponsor: User, token: str, warn_credits_per_day: int | None) -> Claim:
    attempt, code = attempt_start(workspace=workspace, user=sponsor)
    phrase = attempt_present(code=code, token=token).phrase or ""
    attempt.refresh_from_db()
    return claim_confirm(attempt=attempt, user=sponsor, phrase=phrase, warn_credits_per_day=warn_credits_per_day)
