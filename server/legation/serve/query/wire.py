"""How the server and a query worker talk: length-prefixed frames over one socket pair.

A frame is a JSON header and a body of bytes. A body too large for memory travels as an open file descriptor
beside the frame, so that nothing is left on disk when either side is killed. No pickles: a worker that a
query has subverted can say nothing but JSON.
"""

from __future__ import annotations

import array
import json
import os
import socket
import struct
import time
from dataclasses import dataclass, field
from typing import Any, BinaryIO, Final

PREFIX: Final = struct.Struct("!IQ")
CHUNK: Final = 1 << 20
FIRST: Final = 1 << 16
"""Bytes that are looked for at first: nearly every frame is whole in them."""

DESCRIPTOR: Final = socket.CMSG_SPACE(array.array("i").itemsize)
ENCODER: Final = json.JSONEncoder(ensure_ascii=False)


class ClosedError(Exception):
    """The other side has gone."""


class LateError(Exception):
    """The deadline passed before a whole frame had arrived."""


@dataclass(frozen=True)
class Frame:
    """One message: a header, and a body that is either here or in ``file``."""

    header: dict[str, Any]
    body: bytes = b""
    file: BinaryIO | None = field(default=None, compare=False)


def send(connection: socket.socket, frame: Frame, deadline: float | None = None) -> None:
    """Send one frame before ``deadline`` (``time.monotonic``), or raise ``LateError`` or ``ClosedError``."""
    head = ENCODER.encode(frame.header).encode("utf-8", "surrogatepass")
    prefix = PREFIX.pack(len(head), len(frame.body))
    _arm(connection, deadline)
    try:
        if frame.file is None:
            connection.sendall(prefix + head + frame.body)
        else:
            socket.send_fds(connection, [prefix], [frame.file.fileno()])
            connection.sendall(head + frame.body)
    except TimeoutError as error:
        raise LateError from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ClosedError from error


def receive(connection: socket.socket, deadline: float | None = None) -> Frame:
    """Receive one whole frame before ``deadline`` (monotonic), or raise ``LateError`` or ``ClosedError``."""
    first, descriptors = _receive_first(connection, deadline)
    file = os.fdopen(descriptors[0], "rb") if descriptors else None
    try:
        if len(first) < PREFIX.size:
            first += _exactly(connection, PREFIX.size - len(first), deadline)
        head_size, body_size = PREFIX.unpack_from(first)
        start = PREFIX.size + head_size
        if (missing := start + body_size - len(first)) > 0:
            first += _exactly(connection, missing, deadline)
        header = json.loads(first[PREFIX.size : start].decode("utf-8", "surrogatepass"))
        return Frame(header, first[start:], file)
    except (LateError, ClosedError):
        if file is not None:
            file.close()
        raise


def peek(connection: socket.socket) -> tuple[Frame, int] | None:
    """Return the frame that is there and its size, ``None`` where none is or not all of it; it stays there.

    ``drop`` takes it away.
    """
    connection.setblocking(False)
    try:
        data = connection.recv(FIRST, socket.MSG_PEEK)
    except (BlockingIOError, ConnectionResetError):
        return None
    if len(data) < PREFIX.size:
        return None
    head_size, body_size = PREFIX.unpack_from(data)
    start = PREFIX.size + head_size
    if len(data) < start + body_size:
        return None
    header = json.loads(data[PREFIX.size : start].decode("utf-8", "surrogatepass"))
    return Frame(header, data[start:]), len(data)


def drop(connection: socket.socket, size: int) -> None:
    """Take away the frame of this size that is there."""
    connection.recv(size)


def _receive_first(connection: socket.socket, deadline: float | None) -> tuple[bytes, list[int]]:
    """Receive the beginning of a frame; nothing follows a frame before it is answered."""
    _arm(connection, deadline)
    try:
        data, ancillary, _, _ = connection.recvmsg(FIRST, DESCRIPTOR)
    except TimeoutError as error:
        raise LateError from error
    except ConnectionResetError as error:
        raise ClosedError from error
    if not data:
        raise ClosedError
    descriptors = array.array("i")
    for level, kind, content in ancillary:
        if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
            descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
    return data, list(descriptors)


def _exactly(connection: socket.socket, size: int, deadline: float | None) -> bytes:
    received = bytearray()
    while len(received) < size:
        _arm(connection, deadline)
        try:
            chunk = connection.recv(min(CHUNK, size - len(received)))
        except TimeoutError as error:
            raise LateError from error
        except ConnectionResetError as error:
            raise ClosedError from error
        if not chunk:
            raise ClosedError
        received += chunk
    return bytes(received)


def _arm(connection: socket.socket, deadline: float | None) -> None:
    if deadline is None:
        if connection.gettimeout() is not None:
            connection.settimeout(None)
        return
    left = deadline - time.monotonic()
    if left <= 0:
        raise LateError
    connection.settimeout(left)
