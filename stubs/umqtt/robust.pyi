"""An MQTT client that connects again when the connection is lost, and goes on."""

from . import simple
from .simple import _Text

class MQTTClient(simple.MQTTClient):
    DELAY: float
    DELAY_MAX: float
    DEBUG: bool

    def delay(self, i: int) -> None:
        """Waits after the attempt to connect number i, which has failed."""

    def log(self, in_reconnect: bool, e: Exception) -> None: ...
    def reconnect(self) -> int:
        """Connects until the broker accepts. Returns 0 when it had lost the session, else 1."""

    def subscribe(self, topic: _Text, qos: int = 0) -> None: ...
    def check_msg(self, attempts: int = 2) -> int | None: ...
