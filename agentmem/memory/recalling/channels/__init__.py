"""The channels of a recall, one in each file. Those that follow may rest on what those before found."""

from agentmem.memory.recalling.channels.base import Channel, ChannelMaker, Scene
from agentmem.memory.recalling.channels.conversation import Conversation
from agentmem.memory.recalling.channels.hop import Hop
from agentmem.memory.recalling.channels.keys import Keys
from agentmem.memory.recalling.channels.keyword import Keyword
from agentmem.memory.recalling.channels.semantic import Semantic
from agentmem.memory.recalling.channels.session import Session
from agentmem.memory.recalling.channels.speaker import Speaker
from agentmem.memory.recalling.channels.times import Times

CHANNELS: tuple[ChannelMaker, ...] = (Keyword, Semantic, Conversation, Session, Speaker, Times, Keys, Hop)
"""What a recall uses unless it is told otherwise."""

__all__ = ["CHANNELS", "Channel", "ChannelMaker", "Scene"]
