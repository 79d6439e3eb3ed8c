"""The examples of the API's document about users. Nobody in them exists."""

from typing import Any, Final

USER: Final[dict[str, Any]] = {
    "id": 3,
    "login": "ben",
    "name": "Ben Sample",
    "language": "fr",
    "created_at": "2030-02-01T09:00:00Z",
    "created_by": "user:anna",
    "disabled_at": None,
    "disabled_by": None,
    "has_password": True,
    "second_factor_since": None,
    "grants": {"lumiere": "staff"},
}
NEW_USER: Final[dict[str, Any]] = {"login": "ben", "name": "Ben Sample", "clinic": "lumiere", "role": "staff"}
USER_EDIT: Final[dict[str, Any]] = {"name": "Ben Sample", "language": "fr"}
GRANT: Final[dict[str, Any]] = {"role": "operator"}
USER_LINK: Final[dict[str, Any]] = {
    "user": 3,
    "link": "https://aftercare.example/desk/login/link/(shown this once)",
    "expires_at": "2030-02-04T09:00:00Z",
}
