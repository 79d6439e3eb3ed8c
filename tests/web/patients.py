"""A patient's browser without a browser: requests to the application itself, over the small installation."""

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape

import httpx
from fastapi import FastAPI

from scheduler.content.templates import Texts
from scheduler.paths import shipped
from scheduler.protocols.lexicons import load_lexicons
from scheduler.services.links import Links
from scheduler.services.patient_page import PatientPages
from scheduler.web.app import create_app
from scheduler.web.pages import Pages
from scheduler.web.patient import patient_pages
from tests.services.house import House

PUBLIC = "https://care.example.com"
LEXICONS = load_lexicons(shipped("config"))


@dataclass
class Visitor:
    """Opens pages of a house. Each has an application, and so limits, of its own."""

    house: House
    public: str = PUBLIC
    wakes: list[None] = field(default_factory=list)
    app: FastAPI = field(init=False)

    def __post_init__(self) -> None:
        house = self.house
        patients = PatientPages(
            house.store, house.configuration, Texts(house.texts_dir), lambda: LEXICONS, self.links, house.clock
        )
        pages = [patient_pages(patients, Pages(self.public), wake=lambda: self.wakes.append(None))]
        self.app = create_app(well=lambda: True, pages=pages)

    @property
    def links(self) -> Links:
        return Links(self.public, self.house.store.vault)

    def link(self, appointment: int, *, lasts: timedelta = timedelta(days=60), epoch: int | None = None) -> str:
        """Return the path of an appointment's page, as its messages carry it unless told otherwise."""
        visit, patient = self.house.appointment(appointment), self.house.patient(appointment)
        number = patient.page_epoch if epoch is None else epoch
        url = self.links.page(patient.id, visit.id, number, expires_at=visit.starts_at + lasts)
        return url.removeprefix(self.public)

    def get(self, path: str, *, language: str = "") -> httpx.Response:
        return self.ask("GET", path, headers={"Accept-Language": language})

    def post(self, path: str, **form: str | list[str]) -> httpx.Response:
        return self.ask("POST", path, data=form)

    def answer(self, link: str, **form: str | list[str]) -> httpx.Response:
        """Open the page, fill its form in and send it."""
        return self.post(f"{link}/answer", form=form_id(self.get(link).text), **form)

    def choose(self, link: str, *, shown: str = "", **form: str | list[str]) -> httpx.Response:
        """Save wishes on the page as it is now, or as it was when it was `shown`."""
        return self.post(f"{link}/preferences", **boxes(shown or self.get(link).text), **form)

    def ask(self, method: str, path: str, **more: object) -> httpx.Response:
        async def call() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, client=("203.0.113.9", 1))
            async with httpx.AsyncClient(transport=transport, base_url=self.public) as client:
                return await client.request(method, path, **more)  # type: ignore[arg-type]  # by their names

        return asyncio.run(call())


def form_id(html: str) -> str:
    """Return the one-time id of the check-in form of a page."""
    found = re.search(r'name="form" value="([^"]+)"', html)
    assert found
    return found[1]


def boxes(html: str) -> dict[str, list[str]]:
    """Return what a page's form says of the boxes that it shows: which are ticked, and which are not."""
    return {name: re.findall(rf'name="{name}" value="([^"]+)"', html) for name in ("ticked", "unticked")}


def text_of(answer: httpx.Response) -> str:
    """Return what a page says, without its tags, on one line."""
    body = answer.text.partition("<main")[2].partition(">")[2]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())


def heading_of(answer: httpx.Response) -> str:
    found = re.search(r"<h1[^>]*>(.*?)</h1>", answer.text, re.DOTALL)
    assert found
    return unescape(found[1]).strip()
