"""Buying credits: attempts, the one function that settles them, and everything that follows from a payment.

`gateway` is the only file that speaks to Stripe (or to the local stand-in) and holds no transaction open meanwhile;
`fulfilment` takes what it saw, under the agent's lock, and grants exactly once; `webhooks` only says where to look.
"""
