"""A person's own name and ways of working."""

from balancedue.models import User
from balancedue.rules.errors import Invalid


def change_profile(*, user: User, name: str, keyboard_shortcuts: bool) -> User:
    """Raises Invalid when the name is too long."""
    if len(name) > 120:
        raise Invalid({"name": "Keep your name to 120 characters"})
    user.name, user.keyboard_shortcuts = name.strip(), keyboard_shortcuts
    user.save(update_fields=["name", "keyboard_shortcuts"])
    return user
