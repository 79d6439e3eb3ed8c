import pytest
from fastapi import FastAPI

from tests.services.house import House, configuration
from tests.services.test_replies import asked
from tests.web.console.inboxes import somebody
from tests.web.desk import Visitor, desk_app


@pytest.fixture
def ward(any_live: House) -> House:
    """Zoë has been asked how her skin is; somebody is on call."""
    any_live.configuration = configuration()
    asked(any_live)
    return any_live


@pytest.fixture
def app(ward: House) -> FastAPI:
    return desk_app(ward)


@pytest.fixture
def anna(ward: House, app: FastAPI) -> Visitor:
    return somebody(ward, app, "anna")
