"""How often somebody may try."""

# Counted before a password is hashed or a mail is made: `ip` per address of the visitor, `key` per account or mailbox.
SIGN_IN_RATES: dict[str, str] = {
    "login": "30/m/ip",
    "login_failed": "10/m/ip,5/5m/key",
    "signup": "10/m/ip,60/h/ip",
    "request_login_code": "20/m/ip,3/m/key,12/h/key",
    "reset_password": "20/m/ip,5/m/key,12/h/key",
    "reset_password_from_key": "20/m/ip",
    "reauthenticate": "10/m/user",
    "change_password": "5/m/user",
    "manage_email": "10/m/user",
}
# Per address of the visitor, then per token: a check asks the hosted API about a token that no code vouches for.
API_RATES: dict[str, str] = {
    "claim_address": "30/minute",
    "claim_check_address": "40/hour",
    "claim_check_token": "10/hour",
}
