"""The fault control, `/control/v1/` (ours, INF); it is there only with `SANDBOX_CONTROL_KEY`."""

from django.urls import path

from sandbox import access, faults
from sandbox.endpoint import by_method, endpoint
from sandbox.envelope import Call, Reply


@endpoint("GET", "faults list", auth="none", gate=access.control)
def fault_list(_call: Call) -> Reply:
    """The rules of this server process, with how often each matched and hit."""
    return Reply({"faults": faults.book.rows()})


@endpoint("POST", "faults add", auth="none", gate=access.control)
def fault_add(call: Call) -> Reply:
    """Adds one rule; it applies from the next request on."""
    rule = faults.read_rule(call.body())
    faults.book.add(rule)
    return Reply({"fault": rule.row()})


@endpoint("DELETE", "faults clear", auth="none", gate=access.control)
def fault_clear(_call: Call, fault_id: str = "") -> Reply:
    """Takes one rule away, or all."""
    return Reply({"removed": faults.remove(fault_id)})


urlpatterns = [
    path("faults", by_method(GET=fault_list, POST=fault_add, DELETE=fault_clear)),
    path("faults/<str:fault_id>", fault_clear),
]
