"""An extractor whose findings are written down, so that decisions are tested apart from language rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from agentmem.memory import EntityMention, Extraction, FactDraft, ForgetRequest, NoteDraft
from agentmem.records import Episode


@dataclass(slots=True)
class WrittenExtractor:
    """Gives what `written` holds for a text; a text that it does not hold says nothing."""

    written: Mapping[str, Sequence[FactDraft | ForgetRequest]] = field(default_factory=dict)
    fail_on: str = ""
    """Words that it cannot read just now, as when a model cannot be reached."""

    def extract(self, episodes: Sequence[Episode]) -> list[Extraction]:
        return [self._one(episode) for episode in episodes]

    def _one(self, episode: Episode) -> Extraction:
        if self.fail_on and self.fail_on in episode.text:
            raise ConnectionError("the extractor cannot be reached")
        said = self.written.get(episode.text, ())
        facts = tuple(entry for entry in said if isinstance(entry, FactDraft))
        return Extraction(
            episode_id=episode.id,
            facts=facts,
            note=NoteDraft(text=episode.text, context="", keywords=("topic",), tags=("work",)) if facts else None,
            mentions=tuple(mention for fact in facts for mention in fact.mentions),
            forget=tuple(entry for entry in said if isinstance(entry, ForgetRequest)),
        )


def state(text: str, subject: str, predicate: str, value: str, **more: object) -> FactDraft:
    """A functional claim, such as where somebody lives."""
    given: dict[str, object] = {"functional": True, "object_type": "", **more}
    mentions = (EntityMention(name=subject, entity_type="person"),)
    return FactDraft(
        text=text,
        quote=text,
        subject=subject,
        predicate=predicate,
        object=value,
        mentions=mentions,
        **given,  # type: ignore[arg-type]
    )
