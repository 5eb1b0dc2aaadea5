# umqtt.robust: an MQTTClient whose publish(), wait_msg(), check_msg(), subscribe() and unsubscribe() connect again
# when they find the connection lost, and go on.
#
# The first connect() is the application's, and fails as umqtt.simple's does. Call connect(False), so that the broker
# keeps the session: then messages above QoS 0 survive the loss of the connection on either side.

import time
from errno import ETIMEDOUT

# By its whole name, which is in flash then, for every program that says it.
import umqtt.simple as simple

# Not in errno on most ports.
_EBUSY = 16


class MQTTClient(simple.MQTTClient):
    # Seconds between two attempts to connect.
    DELAY = 2

    # When not 0: each delay is twice as long as the one before, up to so many seconds, less up to a half by chance, so
    # that many boards do not come back to their broker all at once.
    DELAY_MAX = 0

    # Whether log() prints.
    DEBUG = False

    # What the broker's session should have: filters and their QoS.
    _topics = None
    # Whether it has them.
    _present = 1
    # What connect() was given.
    _timeout = None
    # Whether the connection is being restored: what fails then is for reconnect() to deal with.
    _reconnecting = False
    # Whether the wait_msg() that comes next is check_msg()'s, which is to hear of a loss.
    _checking = False

    def delay(self, i):
        if not self.DELAY_MAX:
            return time.sleep(self.DELAY)
        from random import getrandbits

        ms = int(min(self.DELAY * 2 ** min(i - 1, 16), self.DELAY_MAX) * 1000)
        time.sleep_ms(ms - ms * getrandbits(8) // 512)

    def log(self, in_reconnect, e):
        if self.DEBUG:
            print("mqtt reconnect: %r" % e if in_reconnect else "mqtt: %r" % e)

    def connect(self, clean_session=True, timeout=None):
        self._timeout = timeout
        present = super().connect(clean_session, timeout)
        if not present:
            # The application is told so, and subscribes.
            self._topics = None
        self._present = 1
        return present

    # Connects until the broker accepts, and subscribes again if it had lost the session. Returns 0 then, else 1.
    # Raises MQTTException when the broker refuses.
    def reconnect(self):
        i = 0
        self._reconnecting = True
        try:
            while 1:
                try:
                    self._present &= super().connect(False, self._timeout)
                    return self._present or self._restore()
                except (OSError, simple.MQTTException) as e:
                    _raise_unless_lost(e)
                    self.log(True, e)
                i += 1
                self.delay(i)
        finally:
            self._reconnecting = False

    def _restore(self):
        refusal = None
        for topic, qos in list((self._topics or {}).items()):
            try:
                super().subscribe(topic, qos)
            except simple.MQTTException as e:
                if e.args[0] < 0:
                    raise
                del self._topics[topic]
                refusal = e
        self._present = 1
        if refusal:
            raise refusal
        return 0

    # After e has ended a call that began on sock: connects again, unless a call within that one has done so.
    # Returns true when the call may go on waiting for what it waited for.
    def _lost(self, e, sock):
        _raise_unless_lost(e)
        if self._reconnecting:
            raise e
        self.log(False, e)
        return self.sock is sock and self.reconnect()

    def publish(self, topic, msg, retain=False, qos=0):
        while 1:
            sock = self.sock
            try:
                return super().publish(topic, msg, retain, qos)
            except (OSError, simple.MQTTException) as e:
                self._lost(e, sock)

    def subscribe(self, topic, qos=0):
        self._insist(super().subscribe, topic, qos)
        if not self._topics:
            self._topics = {}
        self._topics[_key(topic)] = qos

    def unsubscribe(self, topic):
        if self._topics:
            self._topics.pop(_key(topic), None)
        self._insist(super().unsubscribe, topic)

    def _insist(self, call, *args):
        while 1:
            sock = self.sock
            try:
                return call(*args)
            except (OSError, simple.MQTTException) as e:
                self._lost(e, sock)

    # Returns None also when the broker has lost the session, and with it what is being waited for.
    def wait_msg(self):
        checking = self._checking
        self._checking = False
        ping = False
        while 1:
            sock = self.sock
            try:
                if ping:
                    self.ping()
                return super().wait_msg()
            except (OSError, simple.MQTTException) as e:
                if checking:
                    raise
                # Silence is no loss yet: the broker is asked once whether it is there.
                ping = not ping and e.args[:1] == (ETIMEDOUT,)
                if not ping and not self._lost(e, sock):
                    return

    # Never waits for a message. After a loss it looks again, so many times in all.
    def check_msg(self, attempts=2):
        while attempts:
            sock = self.sock
            self._checking = True
            try:
                return super().check_msg()
            except (OSError, simple.MQTTException) as e:
                self._lost(e, sock)
            finally:
                self._checking = False
            attempts -= 1


# A broken protocol is a lost connection. A refusal is the broker's last word, and EBUSY says that too many messages are
# in flight: connecting again would change neither.
def _raise_unless_lost(e):
    code = e.args[:1]
    if code == (_EBUSY,) or isinstance(e, simple.MQTTException) and code != (-1,):
        raise e


# One name for one filter, text or bytes.
def _key(topic):
    return topic.encode() if isinstance(topic, str) else bytes(topic)
