"""A local Stripe: small, stateful, and driven by the official SDK. It knows nothing of agents or credits.

`api.answer` is the whole API as one function; `transport` hands the SDK's requests to it inside the process, since a
server that waits for itself over HTTP may find all its threads waiting. `views` serves the same over HTTP.
"""
