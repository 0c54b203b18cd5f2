"""The store in a Neo4j server: the graph as a person sees it in Neo4j Browser, and everything that guards it."""

from agentmem.stores.neo4j.store import Neo4jStore

__all__ = ["Neo4jStore"]
