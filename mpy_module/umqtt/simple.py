# umqtt.simple: an MQTT client. Its methods are native, see mpy_module/umqtt_client.c.

import _umqtt

MQTTException = _umqtt.MQTTException

MQTTClient = type("MQTTClient", (_umqtt.Session,), _umqtt.client)
