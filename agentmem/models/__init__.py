"""Chat models: one way to open one, by name or as an object of the user's, and one way to ask it something typed.

The adapters and SDKs of the providers load when a model of theirs is opened. They read variables of the environment of
their own (keys, addresses, proxies, tracing); agentmem reads none here.
"""

from agentmem.models.asking import Charge, Reply, ask
from agentmem.models.forms import Form
from agentmem.models.model import PROVIDERS, Model, ModelSettings, Patience
from agentmem.models.opening import open_model
from agentmem.models.prices import Price
from agentmem.models.tokens import estimate_tokens

__all__ = [
    "PROVIDERS",
    "Charge",
    "Form",
    "Model",
    "ModelSettings",
    "Patience",
    "Price",
    "Reply",
    "ask",
    "estimate_tokens",
    "open_model",
]
