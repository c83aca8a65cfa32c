"""Files attached to messages."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file as its sender declared it; neither name nor type can be trusted."""

    filename: str
    content_type: str
    content: bytes
    content_id: str | None = None

    @property
    def size(self) -> int:
        return len(self.content)
