"""What words of a person's own would look like as they go out, with what the clinic puts around them."""

from typing import Self

from pydantic import ConfigDict

from scheduler.content.render import RenderedEmail
from scheduler.domain.protocol import Channel
from scheduler.domain.segments import count_segments
from scheduler.errors import TemplateError
from scheduler.services.desk import Desk
from scheduler.services.desk_messages import Draft, preview
from scheduler.services.desk_ways import Way
from scheduler.web.api.fields import Output
from scheduler.web.api.problems import Wrong, invalid
from scheduler.web.api.samples import LETTER_SHOWN


class LetterShown(Output):
    """What would go out, with what the clinic puts around it. `segments` is null of an email, `subject` of a text."""

    model_config = ConfigDict(json_schema_extra={"examples": [LETTER_SHOWN]})

    channel: Channel
    subject: str | None
    text: str
    segments: int | None

    @classmethod
    def of(cls, desk: Desk, way: Way, draft: Draft) -> Self:
        """Show a draft as it would go that way. Raises ApiError for words that can't."""
        try:
            text = preview(desk.texts, way, draft)
        except TemplateError as error:
            raise invalid(Wrong("body", "words", str(error))) from None
        if isinstance(text, RenderedEmail):
            return cls(channel=way.channel, subject=text.subject, text=text.text, segments=None)
        return cls(channel=way.channel, subject=None, text=text.body, segments=count_segments(text.body).segments)
