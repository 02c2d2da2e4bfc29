"""Why a query was not answered; each kind decides a status."""

from __future__ import annotations


class RefusalError(Exception):
    """A query that was not answered; what kind it is decides the status."""


class QueueFullError(RefusalError):
    """Every slot is taken, and so is every place in the queue or all the time there is for waiting."""


class ClientGoneError(RefusalError):
    """The client hung up, so nobody will read the answer."""


class OutOfTimeError(RefusalError):
    """The wall-clock limit passed."""


class OutOfMemoryError(RefusalError):
    """The address-space limit was reached."""


class ResultTooLargeError(RefusalError):
    """The result passed its limit; the message says in what: its ``bytes``, or its ``rows``."""


class TooDeepError(RefusalError):
    """The query nests deeper than the engine can follow."""


class NotQueryError(RefusalError):
    """The engine could not parse the query; the message is the engine's own."""


class UnknownFunctionError(RefusalError):
    """The query calls a function that the engine does not have; the message is the engine's own."""


class BeyondFormatError(RefusalError):
    """The result holds what the format that was asked for cannot say (triple terms in JSON-LD)."""


class ServiceFailedError(RefusalError):
    """A SERVICE endpoint gave no usable answer; the message says which and why, for the client."""


class WorkerFailedError(RefusalError):
    """The worker failed in a way that is our fault, not the query's."""


class EngineFailedError(RefusalError):
    """The remote engine gave no usable answer; the message says why, for the client."""


class EngineDownError(RefusalError):
    """The remote engine cannot answer now, or holds another release; the message says which."""
