from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agentmem import Memory, Message
from agentmem.embeddings import HashingEmbedder
from agentmem.memory.recalling.channels import CHANNELS, Channel, Scene
from agentmem.memory.recalling.channels.conversation import Conversation
from agentmem.memory.recalling.channels.hop import Hop
from agentmem.memory.recalling.channels.keys import Keys
from agentmem.memory.recalling.channels.keyword import Keyword
from agentmem.memory.recalling.channels.semantic import Semantic
from agentmem.memory.recalling.channels.session import Session
from agentmem.memory.recalling.channels.speaker import Speaker
from agentmem.memory.recalling.channels.times import Times
from agentmem.memory.recalling.fusion import candidates, fused
from agentmem.memory.recalling.grouping import Group
from agentmem.memory.recalling.querying import ParsedQuery, parse_query
from agentmem.memory.recalling.recall import recall
from agentmem.records import Episode, Kind
from agentmem.stores import Hit

shares = st.floats(min_value=0.0, max_value=1.0)
QUERY = parse_query("Who fixed the radio?", now=datetime(2025, 3, 1, tzinfo=UTC))


def found_by(make: type[Channel], **nodes: float) -> Channel:
    channel = make(QUERY)
    channel.nodes = nodes
    return channel


def meant(**nodes: float) -> Channel:
    channel = Semantic(replace(QUERY, vectors=()))
    channel.take([[Hit(id_, score, Kind.EPISODE) for id_, score in nodes.items()]])
    return channel


def groups(*ids: str) -> dict[str, Group]:
    """Episodes in a row, each before the next."""
    row = ["", *ids, ""]
    return {
        id_: Group(id=id_, members=(id_,), before=row[place], after=row[place + 2]) for place, id_ in enumerate(ids)
    }


def scores(channels: Sequence[Channel], scene: Scene) -> Mapping[str, float]:
    return {one.group.id: one.score for one in fused(channels, scene)}


class TestWeights:
    """What each channel adds, over the most that all could come to: 0.5 + 0.5 + 0.4, and what else applies."""

    def test_words_and_meaning_count_alike(self) -> None:
        lone = {"a": Group(id="a", members=("a",)), "b": Group(id="b", members=("b",))}
        channels = [found_by(Keyword, a=1.0), meant(b=1.0), Conversation(QUERY)]
        assert scores(channels, Scene(groups=lone)) == pytest.approx({"a": 0.5 / 1.4, "b": 0.5 / 1.4}, abs=1e-6)

    def test_a_neighbour_adds_a_fifth_of_its_own(self) -> None:
        channels = [found_by(Keyword, a=1.0), meant(), Conversation(QUERY)]
        found = scores(channels, Scene(groups=groups("a", "b", "c")))
        assert found == pytest.approx({"a": 0.5 / 1.4, "b": 0.2 * 0.5 / 1.4, "c": 0.0}, abs=1e-6)

    def test_what_is_beside_counts_without_competing(self) -> None:
        lone = {"b": Group(id="b", members=("b",), before="a")}
        channels = [found_by(Keyword, a=1.0), meant(), Conversation(QUERY)]
        assert scores(channels, Scene(groups=lone, beside=frozenset({"a"}))) == pytest.approx(
            {"b": 0.1 / 1.4}, abs=1e-6
        )

    @pytest.mark.parametrize(("make", "weight"), [(Times, 0.2), (Keys, 0.6)])
    def test_times_and_keys_add_and_make_others_less(self, make: type[Channel], weight: float) -> None:
        lone = {"a": Group(id="a", members=("a",)), "b": Group(id="b", members=("b",))}
        channels = [found_by(Keyword, a=1.0, b=1.0), meant(), Conversation(QUERY), found_by(make, a=1.0)]
        found = scores(channels, Scene(groups=lone))
        assert found == pytest.approx({"a": (0.5 + weight) / (1.4 + weight), "b": 0.5 / (1.4 + weight)}, abs=1e-6)

    def test_a_speaker_who_is_named(self) -> None:
        lone = {"a": Group(id="a", members=("a",)), "b": Group(id="b", members=("b",))}
        channels = [found_by(Keyword, b=0.5), meant(), Conversation(QUERY), Speaker(QUERY)]
        named = scores(channels, Scene(groups=lone, spoken_by_named=frozenset({"a"})))
        assert named == pytest.approx({"a": 0.15 / 1.55, "b": 0.25 / 1.55}, abs=1e-6)
        assert scores(channels, Scene(groups=lone))["b"] == pytest.approx(0.25 / 1.4, abs=1e-6)

    def test_the_shipped_ones(self) -> None:
        assert (Keyword, Semantic, Conversation, Session, Speaker, Times, Keys, Hop) == CHANNELS

    def test_a_session_that_speaks_of_the_question(self) -> None:
        def told(id_: str, text: str, origin: str, day: int = 1) -> Group:
            moment = datetime(2025, 1, day, tzinfo=UTC)
            episode = Episode(id=id_, bank="b", text=text, created_at=moment, at=moment, origin=origin)
            return Group(id=id_, members=(id_,), episode=episode)

        found = {
            group.id: group
            for group in (
                told("a", "The radio was dead.", "x"),
                told("b", "Otto did it.", "x"),
                told("c", "Otto did it.", "y"),
                told("d", "It fixed nothing.", "y", day=2),
                told("e", "Otto did it.", ""),
            )
        }
        scored = Session(QUERY).scores(Scene(groups=found))
        assert scored["a"] == scored["b"] == scored["d"] == 1.0  # words that are equally rare
        assert scored["c"] == 0.0  # the same conversation, another day
        assert "e" not in scored
        channels = [found_by(Keyword, b=1.0, c=1.0), Session(QUERY)]
        assert scores(channels, Scene(groups=found))["b"] == 1.0
        assert scores(channels, Scene(groups=found))["c"] == pytest.approx(0.5 / 0.8, abs=1e-6)

    def test_more_turns_with_a_word_add_less_and_less(self) -> None:
        moment = datetime(2025, 1, 1, tzinfo=UTC)
        texts = {"x": ["radio"] * 4 + ["fixed"], "y": ["radio", "fixed", "rain", "rain", "rain"]}
        found = {}
        for origin, lines in texts.items():
            for place, text in enumerate(lines):
                id_ = f"{origin}{place}"
                episode = Episode(id=id_, bank="b", text=text, created_at=moment, at=moment, origin=origin)
                found[id_] = Group(id=id_, members=(id_,), episode=episode)
        scored = Session(QUERY).scores(Scene(groups=found))
        rare, common = math.log(1 + 8.5 / 2.5), math.log(1 + 5.5 / 5.5)
        expected = (rare + common) / (rare + common * 4 * 2.2 / 5.2)
        assert scored["x0"] == 1.0
        assert scored["y0"] == pytest.approx(expected)


class TestGroups:
    def test_the_best_member_speaks_for_its_group(self) -> None:
        one = {"a": Group(id="a", members=("a", "fact"))}
        ranked = fused([found_by(Keyword, a=0.2, fact=0.8)], Scene(groups=one))
        assert ranked[0].score == 0.8

    def test_an_episode_whose_claims_partly_left_the_view_means_less(self) -> None:
        half = {"a": Group(id="a", members=("fact",), current=0.5)}
        assert fused([meant(a=1.0)], Scene(groups=half))[0].score == 0.5

    def test_the_meaning_without_names_counts_where_a_named_person_spoke(self) -> None:
        channel = Semantic(QUERY)
        channel.take([[Hit("a", 0.9, Kind.EPISODE)], [Hit("b", 0.9, Kind.EPISODE)]])
        both = {"a": Group(id="a", members=("a",)), "b": Group(id="b", members=("b",))}
        assert channel.scores(Scene(groups=both)) == {"a": 1.0, "b": 0.0}
        assert channel.scores(Scene(groups=both, spoken_by_named=frozenset({"a"}))) == {"a": 0.0, "b": 1.0}
        assert channel.nodes == {"a": 1.0, "b": 1.0}

    def test_equal_groups_stand_by_id_and_share_a_rank(self) -> None:
        found = fused([found_by(Keyword, b=1.0, a=1.0, c=0.5)], Scene(groups=groups("c", "b", "a")), explain=True)
        assert [one.group.id for one in found] == ["a", "b", "c"]
        assert [one.by["keyword"].rank for one in found] == [1, 1, 3]

    @given(st.dictionaries(st.sampled_from("abcdef"), shares, min_size=1), shares)
    def test_scores_are_bounded_rounded_and_made_of_their_shares(self, words: dict[str, float], more: float) -> None:
        scene = Scene(groups=groups(*sorted(words)))
        channels = [found_by(Keyword, **words), meant(a=more), Conversation(QUERY), found_by(Times, b=1.0)]
        for one in fused(channels, scene, explain=True):
            assert 0.0 <= one.score <= 1.0
            assert one.score == round(one.score, 6)
            assert sum(said.share for said in one.by.values()) == pytest.approx(one.score, abs=1e-6)


def test_candidates_are_the_best_together_and_all_that_is_certain() -> None:
    channels = [found_by(Keyword, a=1.0, b=0.6, c=0.1), found_by(Times, c=1.0), found_by(Keys, z=1.0)]
    assert candidates(channels, 2) == {"a", "b", "z"}
    assert candidates([*channels, found_by(Times, c=1.0)], 2) == {"a", "c", "z"}


class Always(Channel):
    """A channel of a user's own."""

    name = "always"
    weight = 10.0

    def applies(self, scene: Scene) -> bool:
        return True

    def scores(self, scene: Scene) -> Mapping[str, float]:
        return {id_: 1.0 for id_, group in scene.groups.items() if group.episode and "soup" in group.episode.text}


class Backwards:
    """A reranker that likes what the channels like least."""

    def scores(self, query: str, texts: Sequence[str]) -> Sequence[float]:
        assert query == "Who fixed the radio?"
        return [place / len(texts) for place, _ in enumerate(texts)]


class TestWithinAMemory:
    @pytest.fixture
    def talk(self) -> Iterator[Memory]:
        lines = ["Otto fixed the radio.", "The radio plays again.", "Pia cooked a soup."]
        with Memory.open("sqlite:///:memory:", embedder=HashingEmbedder(), notify=print) as memory:
            memory.retain([Message(text=line, source="talk", id=f"t{i}") for i, line in enumerate(lines)])
            yield memory

    def sources(self, memory: Memory, **changed: object) -> list[str]:
        path = replace(memory.read_path(), **changed)  # type: ignore[arg-type]
        found = recall(path, "Who fixed the radio?", all=True)
        return list(dict.fromkeys(one.source for one in found.memories))

    def test_a_channel_of_ones_own_is_one_more_in_the_list(self, talk: Memory) -> None:
        assert self.sources(talk)[0] == "t0"
        assert self.sources(talk, channels=(*CHANNELS, Always))[0] == "t2"

    def test_a_channel_may_be_made_by_a_function(self, talk: Memory) -> None:
        def made(query: ParsedQuery) -> Channel:
            return Keyword(query)

        assert self.sources(talk, channels=(made,))[0] == "t0"

    def test_a_reranker_has_the_last_word(self, talk: Memory) -> None:
        assert self.sources(talk, reranker=Backwards()) == list(reversed(self.sources(talk)))

    def test_an_explanation_says_what_each_channel_scored(self, talk: Memory) -> None:
        plain, told = talk.recall("Who fixed the radio?"), talk.recall("Who fixed the radio?", explain=True)
        assert [one.id for one in plain.memories] == [one.id for one in told.memories]
        assert plain.memories[0].by == {}
        assert "by" not in plain.as_dict()["memories"][0]
        best = told.memories[0]
        assert {"keyword", "semantic", "conversation"} <= best.by.keys()
        assert (best.by["keyword"].rank, best.by["keyword"].score) == (1, 1.0)
        assert sum(said.share for said in best.by.values()) == pytest.approx(best.score, abs=1e-6)
        assert told.as_dict()["memories"][0]["by"]["keyword"]["rank"] == 1

    def test_an_explanation_says_what_is_not_shown_and_why(self, talk: Memory) -> None:
        talk.retain([Message(speaker="Pia", text="I live in Rome.", source="pia", id="p0")])
        talk.retain([Message(speaker="Pia", text="I moved to Oslo.", source="pia", id="p1")])
        told = talk.recall("Where does Pia live? Rome or Oslo?", k=1, explain=True)
        reasons = {one.reason for one in told.left_out}
        assert "beyond k, or far below the best" in reasons
        assert "its evidence is shown already" in reasons
        assert not {one.id for one in told.left_out} & {one.id for one in told.memories}
        assert told.as_dict()["left_out"][0]["reason"] in reasons
        assert told.left_out[0].score == max(one.score for one in told.left_out)
