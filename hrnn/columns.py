"""The name of each column, once."""

USER_ID = "USER_ID"
ITEM_ID = "ITEM_ID"
TIMESTAMP = "TIMESTAMP"
OUTCOME = "OUTCOME"
SESSION_ID = "SESSION_ID"

#: Number of a session in its user, from 0, written by :func:`hrnn.segment`.
SESSION = "SESSION"
RANK = "RANK"
SCORE = "SCORE"

#: Columns a log must have, and those it may have.
REQUIRED = (USER_ID, ITEM_ID, TIMESTAMP)
OPTIONAL = (OUTCOME, SESSION_ID)
