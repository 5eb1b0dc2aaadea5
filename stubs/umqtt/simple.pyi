"""An MQTT client, as umqtt.simple of micropython-lib is one."""

from collections.abc import Callable
from ssl import SSLContext
from typing import Any, TypeAlias

_Text: TypeAlias = str | bytes | bytearray | memoryview

class MQTTException(Exception):
    """The broker refuses (its return code), or breaks the protocol (-1)."""

class MQTTClient:
    client_id: _Text
    sock: Any
    server: str
    port: int
    ssl: bool | SSLContext | None
    ssl_params: dict[str, Any]
    pid: int
    cb: Callable[[bytes, bytes], object] | None
    chunk_cb: Callable[[bytes, memoryview, int, int], object] | None
    chunk_buffer: bytearray | memoryview | None
    user: _Text | None
    pswd: _Text | None
    keepalive: int
    lw_topic: _Text | None
    lw_msg: _Text | None
    lw_qos: int
    lw_retain: bool

    def __init__(
        self,
        client_id: _Text,
        server: str,
        port: int = 0,
        user: _Text | None = None,
        password: _Text | None = None,
        keepalive: int = 0,
        ssl: bool | SSLContext | None = None,
        ssl_params: dict[str, Any] = {},
    ) -> None:
        """port: 0 for 1883, or 8883 with ssl. keepalive: in seconds, 0 for none. ssl_params: for ssl.wrap_socket(),
        when ssl is True."""

    def set_callback(self, f: Callable[[bytes, bytes], object] | None) -> None:
        """Messages are given to f(topic, msg)."""

    def set_chunk_callback(
        self,
        f: Callable[[bytes, memoryview, int, int], object] | None,
        buffer: bytearray | memoryview | None,
    ) -> None:
        """Messages larger than the buffer are given to f(topic, chunk, offset, size), piece by piece. chunk is a view
        of the buffer, valid until f returns."""

    def set_last_will(self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0) -> None:
        """What the broker publishes when this client vanishes. To be called before connect()."""

    def connect(self, clean_session: bool = True, timeout: float | None = None) -> int:
        """Returns 1 when the broker still knew this client, else 0. timeout: in seconds, for this and every later wait
        on the connection. Raises OSError, or MQTTException when the broker refuses."""

    def disconnect(self) -> None: ...
    def ping(self) -> None: ...
    def publish(self, topic: _Text, msg: _Text, retain: bool = False, qos: int = 0) -> None:
        """Above QoS 0, returns when the broker has acknowledged the message. Raises OSError."""

    def subscribe(self, topic: _Text, qos: int = 0) -> None:
        """Returns when the broker has acknowledged. set_callback() comes first. Raises OSError, or MQTTException(128)
        when the broker refuses."""

    def unsubscribe(self, topic: _Text) -> None: ...
    def wait_msg(self) -> int | None:
        """Waits for one packet. Returns None for a message, which the callback has got then, and for the answer to a
        ping; else the packet's first byte. Raises OSError(-1) when the broker has closed the connection."""

    def check_msg(self) -> int | None:
        """As wait_msg(), but at once: None also when nothing is there."""
