"""Declarations of Windows' HTTP Server API, version 2 (httpapi.dll); nothing else calls it by ctypes.

Functions: https://learn.microsoft.com/windows/win32/http/http-server-api-version-2-0-functions
Structures: https://learn.microsoft.com/windows/win32/http/http-server-api-version-2-0-structures

Sizes are those of the 64-bit library, whatever system this file is read on.
"""

from __future__ import annotations

import ctypes
from ctypes import POINTER, c_char_p, c_int32, c_uint16, c_uint32, c_uint64, c_void_p, c_wchar_p
from typing import Any, cast

INITIALIZE_SERVER = 1
"""HTTP_INITIALIZE_SERVER: https://learn.microsoft.com/windows/win32/api/http/nf-http-httpinitialize"""
INITIALIZE_CONFIG = 2
SERVER_BINDING_PROPERTY = 7
"""HttpServerBindingProperty: https://learn.microsoft.com/windows/win32/api/http/ne-http-http_server_property"""
PRESENT = 1
"""HTTP_PROPERTY_FLAGS: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_property_flags"""
SEND_DISCONNECT = 0x00000001
"""https://learn.microsoft.com/windows/win32/api/http/nf-http-httpsendhttpresponse"""
SEND_BUFFER_DATA = 0x00000004
VERB_GET, VERB_HEAD = 4, 5
"""https://learn.microsoft.com/windows/win32/api/http/ne-http-http_verb"""
HEADER_ALLOW, HEADER_CONTENT_LENGTH, HEADER_CONTENT_TYPE = 10, 11, 12
"""https://learn.microsoft.com/windows/win32/api/http/ne-http-http_header_id"""
REQUEST_HEADERS, RESPONSE_HEADERS = 41, 30
"""HttpHeaderRequestMaximum, HttpHeaderResponseMaximum."""
CONFIG_IP_LISTEN_LIST, CONFIG_URL_ACL = 0, 2
"""https://learn.microsoft.com/windows/win32/api/http/ne-http-http_service_config_id"""
QUERY_NEXT = 1
"""https://learn.microsoft.com/windows/win32/api/http/ne-http-http_service_config_query_type"""

SUCCESS = 0
"""https://learn.microsoft.com/windows/win32/debug/system-error-codes"""
FILE_NOT_FOUND = 2
ACCESS_DENIED = 5
SHARING_VIOLATION = 32
INSUFFICIENT_BUFFER = 122
ALREADY_EXISTS = 183
MORE_DATA = 234
NO_MORE_ITEMS = 259
OPERATION_ABORTED = 995
CONNECTION_INVALID = 1229


class Version(ctypes.Structure):
    """HTTPAPI_VERSION: https://learn.microsoft.com/windows/win32/api/http/ns-http-httpapi_version."""

    _fields_ = (("major", c_uint16), ("minor", c_uint16))


VERSION_2 = Version(2, 0)


class Binding(ctypes.Structure):
    """HTTP_BINDING_INFO: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_binding_info."""

    _fields_ = (("flags", c_uint32), ("queue", c_void_p))


class KnownHeader(ctypes.Structure):
    """HTTP_KNOWN_HEADER: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_known_header."""

    _fields_ = (("size", c_uint16), ("value", c_char_p))


class RequestHeaders(ctypes.Structure):
    """HTTP_REQUEST_HEADERS: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_request_headers."""

    _fields_ = (
        ("unknown_count", c_uint16),
        ("unknown", c_void_p),
        ("trailer_count", c_uint16),
        ("trailers", c_void_p),
        ("known", KnownHeader * REQUEST_HEADERS),
    )


class ResponseHeaders(ctypes.Structure):
    """HTTP_RESPONSE_HEADERS: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_response_headers."""

    _fields_ = (
        ("unknown_count", c_uint16),
        ("unknown", c_void_p),
        ("trailer_count", c_uint16),
        ("trailers", c_void_p),
        ("known", KnownHeader * RESPONSE_HEADERS),
    )


class CookedUrl(ctypes.Structure):
    """HTTP_COOKED_URL: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_cooked_url."""

    _fields_ = (
        ("full_size", c_uint16),
        ("host_size", c_uint16),
        ("path_size", c_uint16),
        ("query_size", c_uint16),
        ("full", c_void_p),
        ("host", c_void_p),
        ("path", c_void_p),
        ("query", c_void_p),
    )


class Request(ctypes.Structure):
    """HTTP_REQUEST_V2: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_request_v2."""

    _fields_ = (
        ("flags", c_uint32),
        ("connection_id", c_uint64),
        ("id", c_uint64),
        ("url_context", c_uint64),
        ("version", Version),
        ("verb", c_int32),
        ("unknown_verb_size", c_uint16),
        ("raw_url_size", c_uint16),
        ("unknown_verb", c_void_p),
        ("raw_url", c_void_p),
        ("cooked_url", CookedUrl),
        ("remote_address", c_void_p),
        ("local_address", c_void_p),
        ("headers", RequestHeaders),
        ("bytes_received", c_uint64),
        ("chunk_count", c_uint16),
        ("chunks", c_void_p),
        ("raw_connection_id", c_uint64),
        ("tls", c_void_p),
        ("info_count", c_uint16),
        ("infos", c_void_p),
    )


class Chunk(ctypes.Structure):
    """HTTP_DATA_CHUNK, from memory: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_data_chunk."""

    _fields_ = (("type", c_int32), ("data", c_void_p), ("size", c_uint32), ("rest_of_the_union", c_uint64))


class Response(ctypes.Structure):
    """HTTP_RESPONSE_V2: https://learn.microsoft.com/windows/win32/api/http/ns-http-http_response_v2."""

    _fields_ = (
        ("flags", c_uint32),
        ("version", Version),
        ("status", c_uint16),
        ("reason_size", c_uint16),
        ("reason", c_char_p),
        ("headers", ResponseHeaders),
        ("chunk_count", c_uint16),
        ("chunks", POINTER(Chunk)),
        ("info_count", c_uint16),
        ("infos", c_void_p),
    )


class ListenList(ctypes.Structure):
    """HTTP_SERVICE_CONFIG_IP_LISTEN_QUERY without its addresses, each a SOCKADDR_STORAGE, which follow.

    https://learn.microsoft.com/windows/win32/api/http/ns-http-http_service_config_ip_listen_query
    """

    _fields_ = (("count", c_uint32), ("alignment", c_uint32))


SOCKET_ADDRESS_SIZE = 128
"""SOCKADDR_STORAGE: https://learn.microsoft.com/windows/win32/api/ws2def/ns-ws2def-sockaddr_storage_lh"""
IPV4, IPV6 = 2, 23
"""AF_INET, AF_INET6."""


class ReservationQuery(ctypes.Structure):
    """HTTP_SERVICE_CONFIG_URLACL_QUERY.

    https://learn.microsoft.com/windows/win32/api/http/ns-http-http_service_config_urlacl_query
    """

    _fields_ = (("kind", c_int32), ("url", c_wchar_p), ("token", c_uint32))


class Reservation(ctypes.Structure):
    """HTTP_SERVICE_CONFIG_URLACL_SET.

    https://learn.microsoft.com/windows/win32/api/http/ns-http-http_service_config_urlacl_set
    """

    _fields_ = (("url", c_wchar_p), ("descriptor", c_wchar_p))


_SIGNATURES: dict[str, tuple[Any, ...]] = {
    "HttpInitialize": (Version, c_uint32, c_void_p),
    "HttpTerminate": (c_uint32, c_void_p),
    "HttpCreateServerSession": (Version, POINTER(c_uint64), c_uint32),
    "HttpCloseServerSession": (c_uint64,),
    "HttpCreateUrlGroup": (c_uint64, POINTER(c_uint64), c_uint32),
    "HttpCloseUrlGroup": (c_uint64,),
    "HttpCreateRequestQueue": (Version, c_wchar_p, c_void_p, c_uint32, POINTER(c_void_p)),
    "HttpCloseRequestQueue": (c_void_p,),
    "HttpSetUrlGroupProperty": (c_uint64, c_int32, c_void_p, c_uint32),
    "HttpAddUrlToUrlGroup": (c_uint64, c_wchar_p, c_uint64, c_uint32),
    "HttpRemoveUrlFromUrlGroup": (c_uint64, c_wchar_p, c_uint32),
    "HttpReceiveHttpRequest": (c_void_p, c_uint64, c_uint32, c_void_p, c_uint32, POINTER(c_uint32), c_void_p),
    "HttpSendHttpResponse": (
        *(c_void_p, c_uint64, c_uint32, POINTER(Response), c_void_p),
        *(POINTER(c_uint32), c_void_p, c_uint32, c_void_p, c_void_p),
    ),
    "HttpQueryServiceConfiguration": (
        *(c_void_p, c_int32, c_void_p, c_uint32, c_void_p, c_uint32, POINTER(c_uint32), c_void_p),
    ),
}
"""Function and parameters; all return an error number of Windows. Each has a page of its name:
https://learn.microsoft.com/windows/win32/api/http/nf-http-httpinitialize and so on."""


def load() -> Any:
    """Return the library with its functions declared.

    Raises:
        OSError: there is none here.
    """
    found = cast(Any, ctypes).WinDLL("httpapi")
    for name, parameters in _SIGNATURES.items():
        function = getattr(found, name)
        function.restype, function.argtypes = c_uint32, parameters
    return found


def cancel_io(handle: c_void_p) -> None:
    """End what any thread of this process waits for on a handle.

    https://learn.microsoft.com/windows/win32/fileio/cancelioex-func
    """
    cancel = cast(Any, ctypes).WinDLL("kernel32").CancelIoEx
    cancel.restype, cancel.argtypes = c_int32, (c_void_p, c_void_p)
    cancel(handle, None)
