"""HTTP/1.1 of uvicorn, with a limit on headers and with problem details as error responses."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ingestion.api.problem import MEDIA_TYPE, Problem

MAX_HEAD_BYTES = 64 * 1024


class Protocol(HttpToolsProtocol):
    """One connection.

    uvicorn's own class keeps headers of any length in memory, answers invalid HTTP in plain text, and drops a
    client that closes its side of the connection after sending its request.
    """

    _in_head = False
    _head_bytes = 0
    _ended_message = False

    def data_received(self, data: bytes) -> None:
        """Parse received bytes; reject a head that is too long."""
        self._ended_message = False
        super().data_received(data)
        # The parser does not say where in the data a head begins: data that also ends the message before it
        # does not count.
        if self._in_head and not self._ended_message and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                detail = f"request line and headers are larger than {MAX_HEAD_BYTES} bytes"
                self._reject(Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail))

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn's never keeps the connection
        """Keep the connection until a complete request is answered, even if the client closed its side."""
        answering = self.cycle is not None and not (self.cycle.more_body or self.cycle.response_complete)
        if answering:
            self.cycle.keep_alive = False
        return answering

    def on_message_begin(self) -> None:
        """Start counting the bytes of the head."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Stop counting and start the request."""
        self._in_head = False
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The parser takes no body after such a head: the bytes must not be read as the next request.
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """Note that a later head in the same data follows another message."""
        super().on_message_complete()
        self._ended_message = True

    def send_400_response(self, msg: str) -> None:
        """Reject bytes that are not HTTP."""
        self._reject(Problem(HTTPStatus.BAD_REQUEST, msg))

    def _reject(self, problem: Problem) -> None:
        body = orjson.dumps(problem.body())
        status = HTTPStatus(problem.status)
        headers = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}".encode() + body)
        self.transport.close()
