"""How examples of property tests are played, on whatever machine: how quickly they come says nothing of the product."""

from hypothesis import HealthCheck, settings

UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
# Of a test that takes fixtures, which all its examples share.
WITH_FIXTURES = settings(
    UNTIMED, suppress_health_check=[*UNTIMED.suppress_health_check, HealthCheck.function_scoped_fixture]
)
