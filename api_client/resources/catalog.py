"""Models and capabilities (contract 2.14 to 2.16). Public: the token is never sent."""

from api_client.records.catalog import Capability, CapabilityCatalog, ModelCatalog, ModelRow
from api_client.resources.base import Resource, given
from api_client.retry import Repeat
from api_client.transport import Call
from api_client.urls import segment


class Catalog(Resource):
    """What the service can make, and for how much."""

    def models(
        self,
        *,
        available: bool = False,
        executable: bool = False,
        catalog_only: bool = False,
        details: bool = False,
        operation: str | None = None,
        provider: str | None = None,
        modality: str | None = None,
        query: str | None = None,
    ) -> ModelCatalog:
        """GET /v1/models. Rows are compact unless `details`; `catalog_only` excludes the two filters before it."""
        if catalog_only and (available or executable):
            raise ValueError("catalog_only cannot be combined with available or executable")
        flags = {
            "available": available,
            "executable": executable,
            "catalog_only": catalog_only,
            "details": details,
        }
        texts = given(operation=operation, provider=provider, modality=modality, query=query)
        return self._record(
            ModelCatalog, _read("/v1/models", **{name: "true" for name in flags if flags[name]}, **texts)
        )

    def model(self, model_id: str) -> ModelRow:
        """GET /v1/models/{id}; the service also knows `default` and aliases. The data key is ours (INF)."""
        return self._record(ModelRow, _read(f"/v1/models/{segment(model_id)}"), at="model")

    def capabilities(self) -> CapabilityCatalog:
        """GET /v1/capabilities. The data key is ours (INF)."""
        return self._record(CapabilityCatalog, _read("/v1/capabilities"))

    def capability(self, capability_id: str) -> Capability:
        """GET /v1/capabilities/{id}. The data key is ours (INF)."""
        return self._record(Capability, _read(f"/v1/capabilities/{segment(capability_id)}"), at="capability")


def _read(path: str, **params: str) -> Call:
    return Call("GET", path, params=params, repeat=Repeat.READ, is_authenticated=False)
