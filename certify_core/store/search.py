"""Which managed certificates a search finds: by an index of trigrams where there is one, else by walking the list.

The index (https://sqlite.org/fts5.html#the_trigram_tokenizer) finds a few among many at once. What many have in common
is found soonest along the list: a page of it is full after a short walk. So is what is too short for a trigram.
"""

from __future__ import annotations

import logging

import orjson
from sqlalchemy import ColumnElement, Connection, column, func, literal_column, select, table
from sqlalchemy.exc import DatabaseError

from certify_core.store.rows import C

TRIGRAM = 3
"""Characters that a search needs for the index to help."""
WILDCARDS = frozenset("*?[")
"""Of GLOB. A search with one is not looked up: SQLite takes two letters between them, beyond ASCII, for a trigram."""
MANY = 2000
"""So many finds are fewer to sort than there are to walk past for one page."""
_INDEX = table("certify_search", column("rowid"), column("search"))
_ROWID: ColumnElement[int] = literal_column("managedcertificate.rowid")

_log = logging.getLogger(__name__)


def found_by(connection: Connection, search: str) -> ColumnElement[bool]:
    """Return the condition that holds for what has this text in its name or one of its identifiers, in any case."""
    text = search.casefold()
    if connection.dialect.name == "sqlite" and len(text) >= TRIGRAM and WILDCARDS.isdisjoint(text):
        rowids = _indexed(connection, text)
        if rowids is not None:
            return _ROWID.in_(select(func.json_each(orjson.dumps(rowids).decode()).table_valued("value").c.value))
    return C.search.contains(text, autoescape=True)


def _indexed(connection: Connection, text: str) -> list[int] | None:
    """Return the rows that the index leads to, None if they are many."""
    query = select(_INDEX.c.rowid).where(_INDEX.c.search.op("GLOB")(f"*{text}*")).limit(MANY + 1)
    try:
        found = list(connection.execute(query).scalars())
    except DatabaseError as error:
        _log.warning("Searches are slow until the next start, which builds their index anew: %s", error.orig)
        return None
    return found if len(found) <= MANY else None
