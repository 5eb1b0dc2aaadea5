//! What a client may expect of its transport, and of the other implementation (chapter 7).

use crate::prints;

#[test]
fn mqtt_7_0_0_2_nothing_beyond_the_specification_is_sent_or_needed() {
    prints(
        "
        c = client(keepalive=60)
        sock = serve(CONNACK, suback(1), puback(2))
        c.connect()
        c.subscribe('t')
        c.publish('t', 'm', qos=1)
        c.ping()
        c.disconnect()
        for p in packets(sock.wire):
            print(p)
        ",
        r"
        ('0x10', b'\x00\x04MQTT\x04\x02\x00<\x00\x02id')
        ('0x82', b'\x00\x01\x00\x01t\x00')
        ('0x32', b'\x00\x01t\x00\x02m')
        ('0xc0', b'')
        ('0xe0', b'')
        ",
    );
}

#[test]
fn mqtt_7_1_2_1_a_stream_of_bytes_may_be_cut_anywhere() {
    prints(
        "
        class Narrow(Socket):
            def write(self, data):
                self.takes = [min(len(data), step)]
                return super().write(data)
        stream = CONNACK + suback(1) + message(b'topic', b'm' * 200, 2, 7) + pubrel(7) + puback(2)
        wires = []
        for step in 1, 2, 3, 7, 64, 1000:
            sock = Narrow(*(stream[i:i + step] for i in range(0, len(stream), step)))
            network.sockets.append(sock)
            c = client()
            c.set_callback(lambda topic, text: print(topic, len(text), end=' '))
            c.connect()
            c.subscribe('topic')
            c.publish('topic', bytes(300), qos=1)
            wires.append(sock.wire)
        print(wires == wires[:1] * 6, [first for first, _ in packets(sock.wire)])
        ",
        &format!("{}True ['0x10', '0x82', '0x32', '0x50', '0x70']", "b'topic' 200 ".repeat(6)),
    );
}
