"""Keys of the demo's own test processor: a merchant of its own for each sample account."""

import secrets

import httpx

SECONDS = 5


def fresh_test_keys(url: str) -> dict[str, str]:
    """Credentials for the processor kind "sandbox" at `url`; empty when nobody answers there."""
    wanted = {"secret_key": f"sk_test_{secrets.token_hex(12)}"}
    try:
        answer = httpx.post(f"{url}/_sandbox/accounts", json=wanted, timeout=SECONDS, trust_env=False)
        made = answer.raise_for_status().json()
    except (httpx.HTTPError, ValueError):
        return {}
    return {"secret_key": made["secret_key"], "publishable_key": made["publishable_key"], "api_base": url}
