"""What is written a thousand times a second has no index that nothing is looked up by."""

import pytest
from django.db import connection

from dashboard.activity.models import Event, SpendDay, SpendPart, SpendSlot

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("model", "keys"),
    [
        (Event, {"workspace_id"}),
        (SpendSlot, {"workspace_id", "agent_id"}),
        (SpendDay, {"workspace_id", "agent_id"}),
        (SpendPart, {"workspace_id", "agent_id"}),
    ],
)
def test_key_that_another_index_begins_with_has_none_of_its_own(model: type, keys: set[str]) -> None:
    with connection.cursor() as cursor:
        found = connection.introspection.get_constraints(cursor, model._meta.db_table)
    columns = [tuple(one["columns"]) for one in found.values() if one["index"] or one["unique"]]
    assert not {(key,) for key in keys} & set(columns)
    assert any(len(one) > 1 and one[0] == "workspace_id" for one in columns)
