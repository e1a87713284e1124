"""The sandbox's OpenAPI document, served at /openapi.json and driven by the property tests."""
