"""How each kind of database is spoken to."""

# IMMEDIATE: without it two writers say "database is locked" even under WAL. FULL: a commit survives power loss.
SQLITE_OPTIONS: dict[str, object] = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": (
        "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;"
        "PRAGMA mmap_size=134217728; PRAGMA journal_size_limit=67108864;"
    ),
}
# How often a connection asks a statement before it has it prepared.
PREPARED_AFTER = 3


def postgresql_options(*, prepares: bool) -> dict[str, object]:
    """Values are sent apart from their statement; where it `prepares`, some are planned once (docs/adr/0014)."""
    # Whoever has another database need not load this one's driver.
    from dashboard.lib.planning import PlanningCursor  # noqa: PLC0415

    threshold = PREPARED_AFTER if prepares else None
    return {"server_side_binding": True, "cursor_factory": PlanningCursor, "prepare_threshold": threshold}
