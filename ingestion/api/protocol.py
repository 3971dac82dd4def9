"""HTTP/1.1 as uvicorn speaks it, closed to endless headers, its refusals in the door's own form."""

from __future__ import annotations

from http import HTTPStatus

import orjson
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from ingestion.api.problem import MEDIA_TYPE, Problem

MAX_HEAD_BYTES = 64 * 1024


class Protocol(HttpToolsProtocol):
    """One connection.

    uvicorn's own keeps headers of any length in memory, answers what is no HTTP in plain text, and hangs up
    on a client that closes its side of the connection once it has sent its request.
    """

    _in_head = False
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Parse what came; refuse a head that does not end."""
        super().data_received(data)
        if self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                detail = f"request line and headers are larger than {MAX_HEAD_BYTES} bytes"
                self._refuse(Problem(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, detail))

    def eof_received(self) -> bool:  # type: ignore[override] # uvicorn's never keeps the connection
        """Keep the connection of a client that has sent all of its request until that is answered."""
        answering = self.cycle is not None and not (self.cycle.more_body or self.cycle.response_complete)
        if answering:
            self.cycle.keep_alive = False
        return answering

    def on_message_begin(self) -> None:
        """Start to count."""
        super().on_message_begin()
        self._in_head, self._head_bytes = True, 0

    def on_headers_complete(self) -> None:
        """Hand the request on."""
        self._in_head = False
        super().on_headers_complete()
        if self.parser.should_upgrade():
            # The parser takes nothing after such a head for a body: it must not become a request either.
            self.cycle.keep_alive = False

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP."""
        self._refuse(Problem(HTTPStatus.BAD_REQUEST, msg))

    def _refuse(self, problem: Problem) -> None:
        body = orjson.dumps(problem.body())
        status = HTTPStatus(problem.status)
        headers = f"content-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        self.transport.write(f"HTTP/1.1 {status.value} {status.phrase}\r\n{headers}".encode() + body)
        self.transport.close()
