"""The standing characters of every dashboard test, and the hosted API they stand before."""

import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from allauth.account.internal.flows.login import record_authentication
from django.core.signals import setting_changed
from django.db import connection
from django.test import Client as Browser
from django.test import RequestFactory

from api_client import Client
from dashboard.accounts.answers import ANSWERS
from dashboard.accounts.models import PlatformRole, Role, User, Workspace
from dashboard.accounts.services import membership_add, platform_role_grant, workspace_create
from dashboard.agents.ceremony import attempt_present, attempt_start
from dashboard.agents.models import Claim
from dashboard.agents.services import claim_confirm
from tests.dashboard.local_stripe import STAND_IN_KEY, WIRE

ROOT = Path(__file__).resolve().parents[2]
OPERATOR_KEY = "operator-key-of-these-tests"
Handler = Callable[[httpx.Request], httpx.Response]


@pytest.fixture(autouse=True)
def _fresh_cache(settings: Any) -> None:
    """Rate limits count in the cache; one test's presses are not another's, nor another process's in a shared Redis."""
    settings.CACHES = {"default": {**settings.CACHES["default"], "KEY_PREFIX": uuid.uuid4().hex}}


@pytest.fixture(autouse=True)
def _fresh_answers() -> Iterator[None]:
    """Pages that a process gives again go with it: one test's are not another's, nor those of other settings."""

    def forget(**_: object) -> None:
        ANSWERS.clear()

    setting_changed.connect(forget)
    yield
    setting_changed.disconnect(forget)
    forget()


@pytest.fixture(autouse=True)
def _no_operator_extension(settings: Any) -> None:
    """The public contract has none; a test that has one says so with `operator_extension`."""
    settings.IMAGE_SKILL_OPERATOR_BASE_URL = settings.IMAGE_SKILL_OPERATOR_KEY = ""


@pytest.fixture(autouse=True)
def _no_stripe(settings: Any) -> None:
    """No Stripe account is connected; a test that has one says so with `stripe_connected`."""
    settings.STRIPE_API_KEY = settings.STRIPE_API_BASE = ""


@pytest.fixture(autouse=True)
def _history_switch(request: pytest.FixtureRequest) -> None:
    """Open history for the clean-up after a test with real transactions (SQLite deletes, row by row); else close it."""
    marker = request.node.get_closest_marker("django_db")
    if marker is None:
        return
    is_cleaned_up = bool(marker.kwargs.get("transaction"))
    request.getfixturevalue("transactional_db" if is_cleaned_up else "db")
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM history_switch")
        if is_cleaned_up:
            cursor.execute("INSERT INTO history_switch (opened_by) VALUES ('test clean-up')")


def person(email: str) -> User:
    return User.objects.create_user(email=email, password=None, name=email.partition("@")[0].title())


@pytest.fixture
def owner(db: None) -> User:
    return person("olga@example.com")


@pytest.fixture
def workspace(owner: User) -> Workspace:
    return workspace_create(owner=owner, name="Olga's studio")


@pytest.fixture
def buyer(workspace: Workspace, owner: User) -> User:
    user = person("boris@example.com")
    membership_add(workspace=workspace, user=user, role=Role.BUYER, actor=owner)
    return user


@pytest.fixture
def viewer(workspace: Workspace, owner: User) -> User:
    user = person("vera@example.com")
    membership_add(workspace=workspace, user=user, role=Role.VIEWER, actor=owner)
    return user


@pytest.fixture
def outsider(db: None) -> User:
    """Somebody else's owner: signed in, with a workspace of their own."""
    user = person("otto@example.org")
    workspace_create(owner=user, name="Otto's workspace")
    return user


def platform_person(email: str, role: PlatformRole) -> User:
    user = person(email)
    platform_role_grant(user=user, role=role, actor=None)
    user.refresh_from_db()
    return user


@pytest.fixture
def product_reviewer(db: None) -> User:
    return platform_person("rita@imageskill.test", PlatformRole.PRODUCT_REVIEWER)


@pytest.fixture
def billing_admin(db: None) -> User:
    return platform_person("bill@imageskill.test", PlatformRole.BILLING_ADMIN)


@pytest.fixture
def operator(db: None) -> User:
    return platform_person("oscar@imageskill.test", PlatformRole.OPERATOR)


@pytest.fixture
def browser_of() -> Callable[..., Browser]:
    """Return a browser of a person who has just signed in, or not so just; None stands for somebody signed out."""

    def sign_in(user: User | None, *, is_fresh: bool = True) -> Browser:
        browser = Browser()
        if user is not None:
            browser.force_login(user)
            if is_fresh:
                just_now(browser, user)
        return browser

    return sign_in


def just_now(browser: Browser, user: User) -> None:
    """Write into the session what a real sign-in of this moment leaves there."""
    request = RequestFactory().get("/")
    request.session = browser.session
    record_authentication(request, user, "link")
    request.session.save()


@pytest.fixture
def hosted_answers(settings: Any) -> Callable[[Handler], None]:
    """Let a small handler answer in the hosted API's place, for answers that the sandbox never gives."""

    def answer_with(handler: Handler) -> None:
        settings.API_TRANSPORT = lambda: httpx.MockTransport(handler)

    return answer_with


@pytest.fixture(scope="session")
def sandbox_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Run a sandbox of this test session's own and return its address."""
    with sandbox_running(tmp_path_factory.mktemp("sandbox")) as url:
        yield url


@contextmanager
def sandbox_running(folder: Path, **settings: str) -> Iterator[str]:
    """Run a sandbox with its database in a folder, and `settings` of its own; gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    environment = {
        "PATH": "/usr/bin:/bin",
        "PYTHONPATH": str(ROOT),
        "DJANGO_SETTINGS_MODULE": "sandbox.settings",
        "SANDBOX_DATA_DIR": str(folder),
        "SANDBOX_PORT": str(port),
        "SANDBOX_OPERATOR_KEY": OPERATOR_KEY,
        "SANDBOX_STRIPE_STAND_IN_KEY": STAND_IN_KEY,
        **settings,
    }
    subprocess.run(
        [sys.executable, "manage.py", "migrate", "--verbosity", "0"], cwd=ROOT, env=environment, check=True, timeout=60
    )
    server = [sys.executable, "-m", "gunicorn", "sandbox.wsgi:application", "--bind", f"127.0.0.1:{port}"]
    with (folder / "log").open("w") as log:
        process = subprocess.Popen([*server, "--threads", "8"], cwd=ROOT, env=environment, stdout=log, stderr=log)
        try:
            _wait_for(url)
            yield url
        finally:
            process.terminate()
            process.wait(timeout=20)


def _wait_for(url: str) -> None:
    for _ in range(200):
        try:
            httpx.get(f"{url}/healthz", timeout=1)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("the sandbox did not start")


@pytest.fixture
def hosted_api(sandbox_url: str, settings: Any) -> str:
    """Point the dashboard at the sandbox and return its address."""
    settings.IMAGE_SKILL_API_BASE_URL = sandbox_url
    return sandbox_url


@pytest.fixture
def operator_extension(hosted_api: str, settings: Any) -> None:
    """The service lets us do what its own people may: the sandbox, or what `hosted_answers` plays."""
    settings.IMAGE_SKILL_OPERATOR_BASE_URL = settings.IMAGE_SKILL_API_BASE_URL
    settings.IMAGE_SKILL_OPERATOR_KEY = OPERATOR_KEY


@pytest.fixture
def stripe_connected(hosted_api: str, settings: Any) -> str:
    """Stripe is the sandbox's local one; returns the sandbox's address."""
    settings.STRIPE_API_KEY, settings.STRIPE_API_BASE = STAND_IN_KEY, f"{hosted_api}/stripe"
    return hosted_api


class PlayedAgent:
    """An agent that works at the hosted API as real ones do: over HTTP, with its own token."""

    def __init__(self, base_url: str, name: str, contact: str | None = None) -> None:
        self.base_url, self.name, self.contact = base_url, name, contact
        self.sign_up()

    def sign_up(self) -> None:
        """Sign up; again with the same contact it rotates the token."""
        with Client(base_url=self.base_url, transport=WIRE) as client:
            signed_up = client.identity.sign_up(
                agent_name=self.name, runtime="pytest", agent_contact=self.contact, return_token=True
            )
        assert signed_up.token is not None
        assert signed_up.actor is not None
        self.token = signed_up.token.reveal()
        self.remote_id = signed_up.actor.actor_id

    def client(self) -> Client:
        return Client(base_url=self.base_url, token=self.token, transport=WIRE)

    def create(self, prompt: str, **more: Any) -> None:
        with self.client() as client:
            client.work.create(prompt=prompt, idempotency_key=f"test-{time.monotonic_ns()}", **more)


@pytest.fixture
def agent(hosted_api: str) -> PlayedAgent:
    return PlayedAgent(hosted_api, "render-bot")


@pytest.fixture
def new_agent(hosted_api: str) -> Callable[..., PlayedAgent]:
    return lambda name="another-bot", contact=None: PlayedAgent(hosted_api, name, contact)


@pytest.fixture
def make_claim() -> Callable[[PlayedAgent, Workspace, User], Claim]:
    """Return a function that claims an agent by the real ceremony, and says yes to whatever it asks."""

    def claim_it(agent: PlayedAgent, workspace: Workspace, user: User) -> Claim:
        attempt, code = attempt_start(workspace=workspace, user=user)
        phrase = attempt_present(code=code, token=agent.token).phrase
        attempt.refresh_from_db()
        return claim_confirm(
            attempt=attempt, user=user, phrase=phrase or "", warn_credits_per_day=None, is_renewal_expected=True
        )

    return claim_it


@pytest.fixture
def claim(agent: PlayedAgent, workspace: Workspace, owner: User, make_claim: Callable[..., Claim]) -> Claim:
    """Return the owner's claim on `agent`."""
    return make_claim(agent, workspace, owner)
