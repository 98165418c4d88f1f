"""Shapes of what the store's API is sent and what it shows."""

from typing import Annotated, Any

from ninja import Schema
from pydantic import Field

from piepowder.rooms.ground.doors import Key, Moment, Prose, Sent
from piepowder.rooms.store.rules import Texts

Line = Annotated[str, Field(max_length=120)]
Address = Annotated[str, Field(max_length=500)]


class TextsSent(Sent):
    short: Annotated[str, Field(max_length=140)] = ""
    long: Annotated[str, Field(max_length=8_000)] = ""
    features: Annotated[list[Line], Field(max_length=10)] = []
    categories: Annotated[list[Line], Field(max_length=3)] = []
    languages: Annotated[list[Line], Field(max_length=50)] = []
    support_email: Annotated[str, Field(max_length=254)] = ""
    support_url: Address = ""
    privacy_url: Address = ""
    website: Address = ""
    start_url: Address = ""
    seen: Moment | None = None

    def texts(self) -> Texts:
        return Texts.of(self.dict(exclude={"seen"}))


class ScreenshotSent(Sent):
    picture: Annotated[str, Field(max_length=3_000_000)]  # PNG or JPEG in base64
    words: Annotated[str, Field(min_length=1, max_length=200)]


class StageSent(Sent):
    percent: Annotated[int, Field(ge=0, le=100)]
    sellers: Annotated[list[Key], Field(max_length=200)] = []


class ReasonSent(Sent):
    reason: Prose = ""


class RatingSent(Sent):
    seller: Key
    stars: Annotated[int, Field(ge=1, le=5)]
    words: Prose = ""


class WordsSent(Sent):
    words: Prose


class CheckShown(Schema):
    field: str
    words: str
    passed: bool
    needed: bool


class ListingShown(Schema):
    app: str
    name: str
    developer: str
    status: str
    reason: str
    percent: int
    sellers: list[str]
    sellers_count: int
    rating_median: float
    rating_count: int
    texts: dict[str, Any]
    screenshots: list[dict[str, Any]]
    personal_asked: int
    created_at: Moment
    changed_at: Moment
    submitted_at: Moment | None
    listed_at: Moment | None


class AppShown(Schema):
    app: str
    name: str
    developer: str
    developer_name: str
    short: str
    shelves: list[str]
    sellers: int | None
    rating_median: float
    rating_count: int
    personal_asked: int
    plans: list[dict[str, Any]]


class AppWhole(AppShown):
    status: str
    may_be_authorised: bool
    texts: dict[str, Any]
    label: dict[str, Any]


class RatingShown(Schema):
    id: str
    app: str
    stars: int
    words: str
    reply: str
    replied_at: Moment | None
    using_since: Moment
    changed_at: Moment
    seller: str | None = None
    status: str | None = None
    reason: str | None = None


class ReportShown(Schema):
    id: str
    rating: str
    words: str
    reported_by: str
    reported_at: Moment
    answered_at: Moment | None
    answered_by: str
    answer: str
