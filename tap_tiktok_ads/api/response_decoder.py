"""Decoding of response bodies: the envelope, its return code and its data."""

from __future__ import annotations

import contextlib
import dataclasses
import typing as t

from tap_tiktok_ads.api import errors
from tap_tiktok_ads.api.http_bodies import PROXY_ADVICE, is_markup
from tap_tiktok_ads.api.http_responses import check_status, is_transient
from tap_tiktok_ads.api.json_kinds import json_kind
from tap_tiktok_ads.api.json_repair import has_null_escape, repair
from tap_tiktok_ads.api.messages import DECODE_ERRORS, Response, decode_envelope
from tap_tiktok_ads.api.temporary_files import storing

if t.TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_tiktok_ads.api.http_responses import HttpResponse
    from tap_tiktok_ads.api.masking import SecretMask
    from tap_tiktok_ads.api.messages import Decode, Envelope, Request

#: Lowest HTTP status of an error.
MIN_ERROR_STATUS = 400
TOO_MANY_REQUESTS = 429
#: Header by which TikTok warns that a synchronous report covers only the 20,000 newest ads.
THROTTLE_HEADER = "X-Tt-Ads-Throttle"


class ResponseDecoder:
    """Returns the response of a body, or raises the exception of its return code."""

    def __init__(self, mask: SecretMask, *, replaces_null: bool = True) -> None:
        """Create a decoder.

        Args:
            mask: Removes secrets from the server's texts in messages.
            replaces_null: True to replace null characters with U+FFFD.
        """
        self._mask = mask
        self._replaces_null = replaces_null

    def check_status(self, request: Request, response: HttpResponse) -> None:
        """Return if the HTTP status is 200.

        TikTok reports most errors with HTTP 200. If an HTTP error has TikTok's envelope, its return
        code decides, because it says more. HTTP 429 and redirects are clear by themselves.

        Raises:
            TapError: The exception of the return code, or else of the HTTP status.
        """
        if response.status >= MIN_ERROR_STATUS and response.status != TOO_MANY_REQUESTS:
            with contextlib.suppress(*DECODE_ERRORS):
                envelope = decode_envelope(response.body)
                is_known = errors.rule(envelope.code or 0) is not errors.UNKNOWN
                if is_known or not is_transient(response.status):
                    self._check_code(request, envelope)
        check_status(response, request.label)

    def decode(
        self,
        request: Request,
        body: bytes,
        headers: Mapping[str, str],
        fast_decode: Decode | None = None,
        file: t.IO[bytes] | None = None,
    ) -> Response:
        """Return the response of an envelope, or of a text.

        Args:
            request: The request, for messages.
            body: The body of the response.
            headers: The HTTP headers of the response.
            fast_decode: A faster decoder, which returns None for bodies that it does not know.
            file: The file that a text is written to. None: the response is an envelope.

        Raises:
            TransientError: Not an envelope, such as a truncated body or the page of a proxy.
            TapError: The exception of a code that is not success.
        """
        if file is not None:
            return self.decode_text(request, body, headers, file)
        received = body
        if self._replaces_null and has_null_escape(body):  # valid JSON, which decoders would accept
            body = repair(body)
        page = fast_decode(body) if fast_decode else None
        if page is None:
            response = self._decode_envelope(request, body, headers, None)
        else:
            data = {"list": page.data.records, "page_info": page.data.page_info}
            response = self._response(body, headers, data, page.request_id)
        is_repaired = response.body != received
        return dataclasses.replace(response, is_repaired=True) if is_repaired else response

    def decode_text(
        self, request: Request, body: bytes, headers: Mapping[str, str], file: t.IO[bytes]
    ) -> Response:
        """Return the response of a text. Write the text to the file if an envelope contains it.

        Args:
            request: The request, for messages.
            body: The first block of a text that is already in the file, or an envelope.
            headers: The HTTP headers of the response.
            file: The file of the text.

        Raises:
            TransientError: Not an envelope, such as a truncated body or the page of a proxy.
            TapError: The exception of a code that is not success.
        """
        if not is_markup(body):
            request_id = self._mask.printable(headers.get("X-TT-LOGID", "unknown"))
            return Response({}, request_id, headers.get("Date"))
        return self._decode_envelope(request, body, headers, file)

    def _decode_envelope(
        self,
        request: Request,
        body: bytes,
        headers: Mapping[str, str],
        file: t.IO[bytes] | None,
    ) -> Response:
        """Return the response of an envelope. Write text in its `data` to the file."""
        envelope, body = self._readable_envelope(request, body)
        self._check_code(request, envelope)
        if file is not None and isinstance(envelope.data, str):
            with storing(f"the report of {request.label}"):
                file.write(envelope.data.encode())
                file.flush()
            envelope.data = {}
        if not isinstance(envelope.data, dict):
            request_id = self._mask.printable(envelope.request_id or "unknown")
            msg = (
                f"{request.label} returned a response without an object at data, got "
                f"{json_kind(envelope.data)}. Try again later. (request_id {request_id})"
            )
            raise errors.TransientError(msg, advice="Try again later.")
        return self._response(body, headers, envelope.data, envelope.request_id)

    def _readable_envelope(self, request: Request, body: bytes) -> tuple[Envelope, bytes]:
        """Return an envelope with its body. A body that is not clean JSON is repaired.

        Raises:
            TransientError: Not an envelope, such as a truncated body or the page of a proxy.
        """
        try:
            return decode_envelope(body), body
        except DECODE_ERRORS as error:
            repaired = repair(body, replaces_null=self._replaces_null)
            if repaired != body:
                with contextlib.suppress(*DECODE_ERRORS):
                    return decode_envelope(repaired), repaired
            msg = (
                f"{request.label} returned {len(body)} bytes that are not TikTok's JSON ({error}). "
                f"{PROXY_ADVICE}"
            )
            raise errors.TransientError(msg, advice=PROXY_ADVICE) from None

    def _check_code(self, request: Request, envelope: Envelope) -> None:
        """Return if the code is a success.

        Raises:
            TapError: The exception of a code that is not success.
        """
        code = envelope.code or 0
        if code == 0:
            return
        request_id = self._mask.printable(envelope.request_id or "unknown")
        message = self._mask.printable(envelope.message or "no message")
        raise errors.from_code(code, message, request_id, request.label)

    def _response(
        self, body: bytes, headers: Mapping[str, str], data: dict[str, t.Any], request_id: t.Any
    ) -> Response:
        """Return the response of a success."""
        return Response(
            data=data,
            request_id=self._mask.printable(request_id or "unknown"),
            server_time=headers.get("Date"),
            is_truncated=THROTTLE_HEADER in headers,
            body=body,
        )
