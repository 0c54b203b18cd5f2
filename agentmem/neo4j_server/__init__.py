"""A real Neo4j on this machine: found, fetched, started, stopped, thrown away."""

from __future__ import annotations

from agentmem.neo4j_server.content import SavedQuery, browser_url, find_query, saved_queries, with_query
from agentmem.neo4j_server.docker import find_engine
from agentmem.neo4j_server.home import ServerSettings
from agentmem.neo4j_server.jars import has_jars, jar_folder, resolve_jars
from agentmem.neo4j_server.java import Java, find_java
from agentmem.neo4j_server.releases import LTS, NEWEST, RELEASES, Release, find_release
from agentmem.neo4j_server.server import Neo4jServer, ServerStatus
from agentmem.neo4j_server.throwaway import NoTestServer, ServerAccess, server_for_tests, short_lived, throwaway_server

__all__ = [
    "LTS",
    "NEWEST",
    "RELEASES",
    "Java",
    "Neo4jServer",
    "NoTestServer",
    "Release",
    "SavedQuery",
    "ServerAccess",
    "ServerSettings",
    "ServerStatus",
    "browser_url",
    "find_engine",
    "find_java",
    "find_query",
    "find_release",
    "has_jars",
    "jar_folder",
    "resolve_jars",
    "saved_queries",
    "server_for_tests",
    "short_lived",
    "throwaway_server",
    "with_query",
]
