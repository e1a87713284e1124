"""Background side of claims."""

from celery import shared_task

from dashboard.agents import ceremony, claim_requests, instructions, replacement


@shared_task
def attempts_expire() -> int:
    return ceremony.attempts_expire()


@shared_task
def attempts_prune() -> int:
    return ceremony.attempts_prune()


@shared_task
def instructions_carry_out() -> int:
    return instructions.instructions_carry_out()


@shared_task
def replacements_expire() -> int:
    return replacement.replacements_expire()


@shared_task
def claim_requests_read() -> int:
    return claim_requests.claim_requests_read()
