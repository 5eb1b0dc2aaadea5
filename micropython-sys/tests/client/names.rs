//! The class as Python sees it: names, attributes, arguments, inheritance.

use crate::support::prints;

const ATTRIBUTES: &str = "\
names = 'client_id sock server port ssl ssl_params pid cb user pswd keepalive'.split()
names += 'lw_topic lw_msg lw_qos lw_retain'.split()
";

/// `call_all(c)`: calls every method with arguments that are right, but connect().
const CALL_ALL: &str = "\
def call_all(c):
    def call(name, *args):
        print(name, end=': ')
        show(getattr(c, name), *args)
    call('set_callback', received)
    call('set_last_will', 't', 'm')
    call('publish', 't', 'm')
    call('subscribe', 't')
    call('unsubscribe', 't')
    call('ping')
    call('wait_msg')
    call('check_msg')
    call('disconnect')
";

#[test]
fn the_exception_is_an_exception_of_its_own() {
    prints("print(issubclass(MQTTException, Exception), MQTTException.__name__)", "True MQTTException");
}

#[test]
fn attributes_have_their_defaults() {
    let script = "c = MQTTClient('id', 'broker')\nfor name in names:\n    print(name, getattr(c, name))";
    prints(
        &format!("{ATTRIBUTES}{script}"),
        "
        client_id id
        sock None
        server broker
        port 1883
        ssl None
        ssl_params {}
        pid 0
        cb None
        user None
        pswd None
        keepalive 0
        lw_topic None
        lw_msg None
        lw_qos 0
        lw_retain False",
    );
}

#[test]
fn attributes_are_those_of_the_constructor_in_this_order() {
    prints(
        "
        c = MQTTClient('id', 'broker', 1, 'user', 'password', 60, True, {'a': 1})
        print(c.client_id, c.server, c.port, c.user, c.pswd, c.keepalive, c.ssl, c.ssl_params)",
        "id broker 1 user password 60 True {'a': 1}",
    );
}

#[test]
fn the_constructor_takes_keywords() {
    prints(
        "
        options = {'password': 'password', 'user': 'user', 'ssl_params': {'a': 1}, 'ssl': True}
        c = MQTTClient(server='broker', client_id='id', keepalive=60, port=1, **options)
        print(c.client_id, c.server, c.port, c.user, c.pswd, c.keepalive, c.ssl, c.ssl_params)",
        "id broker 1 user password 60 True {'a': 1}",
    );
}

#[test]
fn the_port_is_1883_and_with_ssl_8883_unless_given() {
    prints(
        "
        for port, ssl in (0, None), (0, False), (0, True), (0, object()), (5, None), (5, True):
            print(MQTTClient('id', 'broker', port, ssl=ssl).port, end=' ')
        print()",
        "1883 1883 8883 8883 5 5 ",
    );
}

#[test]
fn every_attribute_can_be_written() {
    let script = "c = MQTTClient('id', 'broker')\nfor name in names:\n    setattr(c, name, name.upper())\n\
        print([getattr(c, name) == name.upper() for name in names].count(True), len(names))";
    prints(&format!("{ATTRIBUTES}{script}"), "15 15");
}

#[test]
fn an_attribute_set_back_to_its_default_has_it() {
    prints(
        "
        c = MQTTClient('id', 'broker', user='user')
        c.user = None
        c.cb = received
        c.cb = None
        print(c.user, c.cb)",
        "None None",
    );
}

#[test]
fn instances_share_no_attribute() {
    prints(
        "
        a, b = MQTTClient('a', 'broker'), MQTTClient('b', 'broker')
        a.set_last_will('t', 'm')
        a.set_callback(received)
        print(b.lw_topic, b.cb, a.client_id, b.client_id)",
        "None None a b",
    );
}

#[test]
fn constructing_again_restores_the_defaults() {
    prints(
        "
        c = client(user='user', keepalive=60)
        c.set_last_will('t', 'm', True, 2)
        c.pid = 7
        c.__init__('other', 'broker')
        print(c.client_id, c.user, c.keepalive, c.cb, c.pid, c.lw_topic, c.lw_msg, c.lw_retain, c.lw_qos)",
        "other None 0 None 0 None None False 0",
    );
}

#[test]
fn an_instance_takes_further_attributes() {
    prints(
        "
        c = MQTTClient('id', 'broker')
        c.started = 5
        print(c.started, c.__dict__['started'], c.__dict__['client_id'])
        show(lambda: c.missing)",
        "
        5 5 id
        AttributeError(\"'MQTTClient' object has no attribute 'missing'\",)",
    );
}

#[test]
fn an_instance_takes_as_many_attributes_as_anyone_likes() {
    prints(
        "
        c = connected(message(b't', b'm'))
        for i in range(40):
            setattr(c, 'own%d' % i, i)
        print(all(getattr(c, 'own%d' % i) == i for i in range(40)), c.client_id)
        c.set_callback(received)
        c.wait_msg()
        c.publish('t', 'm')
        print(c.sock.wire[-5:])",
        r"
        True id
        got b't' b'm'
        b'\x04\x00\x01tm'",
    );
}

#[test]
fn the_dict_has_the_instances_own_attributes_once_and_cannot_be_changed() {
    prints(
        "
        c = connected()
        c.own = 5
        print(sorted(c.__dict__), c.__dict__['sock'] is c.sock)
        c.sock = other = Socket()
        print(sorted(c.__dict__), c.__dict__['sock'] is other)
        serve(CONNACK)
        c.connect()
        print(c.sock is not other, c.__dict__['sock'] is c.sock)
        show(c.__dict__.update, {'own': 6})
        class Sub(MQTTClient):
            pass
        print(sorted(Sub('id', 'broker').__dict__))",
        "
        ['cb', 'client_id', 'own', 'pid', 'port', 'server', 'sock'] True
        ['cb', 'client_id', 'own', 'pid', 'port', 'server', 'sock'] True
        True True
        TypeError()
        ['cb', 'client_id', 'pid', 'port', 'server', 'sock']",
    );
}

#[test]
fn what_was_stored_before_the_constructor_is_stored_anew_by_it() {
    prints(
        "
        class Sub(MQTTClient):
            def __init__(self):
                self.cb, self.server = 'own', 'own'
                super().__init__('id', 'broker')
        Sub()
        c = Sub()
        print(c.cb, c.server, len(c.__dict__))
        c.set_callback(received)
        c.server = 'other'
        print(c.cb is received, c.server, c.__dict__['server'])",
        "
        None broker 6
        True other other",
    );
}

#[test]
fn an_attribute_that_a_class_makes_a_property_later_is_one() {
    prints(
        "
        class Sub(MQTTClient):
            pass
        c = connected(puback(1), client=lambda: Sub('id', 'broker'))
        sock = c.sock
        Sub.sock = property(lambda self: sock, lambda self, value: None)
        c.publish('t', 'm', qos=1)
        d = Sub('other', 'broker')
        print(c.sock is sock, d.sock is sock, d.server, sock.wire[-4:])",
        r"
        True True broker b't\x00\x01m'",
    );
}

#[test]
fn an_attribute_can_be_deleted_and_stored_again() {
    prints(
        "
        c = MQTTClient('id', 'broker')
        del c.server, c.client_id, c.cb
        for name in 'server', 'client_id', 'cb', 'publish', 'nowhere':
            try:
                print(getattr(c, name))
            except AttributeError:
                print('none')
        c.client_id, c.server, c.own = 'new', 'other', 'own'
        print(c.client_id, c.server, c.own, c.port, c.pid)
        try:
            del c.nowhere
        except AttributeError:
            print('was never there')
        c = connected()
        del c.sock
        print(c.sock)
        show(c.ping)
        serve(CONNACK)
        print(c.connect(), c.sock is not None)",
        "
        none
        none
        None
        <bound_method>
        none
        new other own 1883 0
        was never there
        None
        OSError(107,)
        0 True",
    );
}

#[test]
fn an_instance_is_neither_iterable_nor_a_buffer() {
    prints(
        "
        c = MQTTClient('id', 'broker')
        class Sub(MQTTClient):
            def __iter__(self):
                return iter([self.client_id])
        show(iter, c)
        show(bytes, c)
        show(len, c)
        print(list(Sub('sub', 'broker')), Sub('id', 'broker').server)",
        r#"
        TypeError("'MQTTClient' object isn't iterable",)
        TypeError("'MQTTClient' object isn't iterable",)
        TypeError("object of type 'MQTTClient' has no len()",)
        ['sub'] broker"#,
    );
}

#[test]
fn a_subclass_may_have_properties_and_special_methods() {
    prints(
        "
        class Sub(MQTTClient):
            @property
            def pid(self):
                return self.count
            @pid.setter
            def pid(self, value):
                print('pid', value)
                self.count = value
            def __getattr__(self, name):
                if name == 'missing':
                    return 'found'
                raise AttributeError(name)
        c = connected(puback(1), puback(2), client=lambda: Sub('id', 'broker'))
        c.publish('t', 'm', qos=1)
        c.pid = 1
        c.publish('t', 'm', qos=1)
        print(c.pid, c.missing, c.server)
        d = Sub('other', 'broker')
        print(d.pid, c.pid, c.client_id, d.client_id)",
        "
        pid 0
        pid 1
        pid 1
        pid 2
        2 found broker
        pid 0
        0 2 id other",
    );
}

#[test]
fn an_instance_is_one_of_its_class() {
    prints(
        "
        class Sub(MQTTClient):
            pass
        c = Sub('id', 'broker')
        print(isinstance(c, MQTTClient), isinstance(c, Sub), issubclass(Sub, MQTTClient), isinstance(5, MQTTClient))
        print(type(c).__name__, MQTTClient.__name__, isinstance(MQTTClient, type))",
        "
        True True True False
        Sub MQTTClient True",
    );
}

#[test]
fn the_will_is_kept_as_it_was_given() {
    prints(
        "
        c = MQTTClient('id', 'broker')
        print(c.set_last_will('t', 'm'), c.lw_topic, c.lw_msg, c.lw_retain, c.lw_qos)
        c.set_last_will(b't', b'm', True, 2)
        print(c.lw_topic, c.lw_msg, c.lw_retain, c.lw_qos)
        c.set_last_will(qos=1, msg='m', topic='t', retain=1)
        print(c.lw_retain, c.lw_qos)",
        "
        None t m False 0
        b't' b'm' True 2
        1 1",
    );
}

#[test]
fn a_will_with_a_bad_qos_or_no_topic_is_refused_and_changes_nothing() {
    prints(
        "
        c = MQTTClient('id', 'broker')
        for args in ('t', 'm', False, 3), ('t', 'm', False, -1), ('', 'm'), (b'', 'm'), (None, 'm'):
            show(c.set_last_will, *args)
        print(c.lw_topic, c.lw_msg, c.lw_qos)",
        "
        AssertionError()
        AssertionError()
        AssertionError()
        AssertionError()
        AssertionError()
        None None 0",
    );
}

#[test]
fn wrong_arguments_are_worded_as_by_a_python_class() {
    prints(
        "
        class Python:
            def __init__(self, client_id, server, port=0, user=None, password=None, keepalive=0, ssl=None,
                    ssl_params={}): pass
            def set_callback(self, f): pass
            def set_last_will(self, topic, msg, retain=False, qos=0): pass
            def connect(self, clean_session=True, timeout=None): pass
            def disconnect(self): pass
            def ping(self): pass
            def publish(self, topic, msg, retain=False, qos=0): pass
            def subscribe(self, topic, qos=0): pass
            def unsubscribe(self, topic): pass
            def wait_msg(self): pass
            def check_msg(self): pass
        def complaint(function, args, options):
            try:
                function(*args, **options)
            except TypeError as error:
                return error.args
        ours, theirs = MQTTClient('id', 'broker'), Python('id', 'broker')
        compared = 0
        for name in dir(Python):
            if name.startswith('__') and name != '__init__':
                continue
            for args in (), (1,), (1, 2), (1,) * 9:
                for names in '', 'topic', 'nonsense', 'msg', 'f', 'self', 'server', 'qos retain':
                    options = {name: 1 for name in names.split()}
                    expected = complaint(getattr(theirs, name), args, options)
                    if expected is None:
                        continue
                    compared += 1
                    given = complaint(getattr(ours, name), args, options)
                    if given != expected:
                        print(name, args, options, given, expected)
        print(compared > 200)",
        "True",
    );
}

#[test]
fn methods_take_keywords() {
    prints(
        "
        c = connected(puback(1), suback(2), unsuback(3))
        c.publish(qos=1, msg='m', topic='t', retain=True)
        c.subscribe(qos=1, topic='t')
        c.unsubscribe(topic='t')
        c.set_callback(f=None)
        print(c.sock.wire, c.cb)",
        r"b'3\x06\x00\x01t\x00\x01m\x82\x06\x00\x02\x00\x01t\x01\xa2\x05\x00\x03\x00\x01t' None",
    );
}

#[test]
fn a_bound_method_remembers_its_instance() {
    prints(
        "
        c = connected()
        publish = c.publish
        publish('t', 'm')
        print(c.sock.wire)",
        r"b'0\x04\x00\x01tm'",
    );
}

#[test]
fn methods_can_be_called_on_the_class() {
    prints(
        "
        c = MQTTClient('id', 'broker')
        serve(CONNACK)
        print(MQTTClient.connect(c), MQTTClient.publish(c, 't', 'm', qos=0))
        print(c.sock.wire[-6:])",
        r"
        0 None
        b'0\x04\x00\x01tm'",
    );
}

#[test]
fn a_self_of_another_class_is_a_type_error() {
    prints(
        "
        class Other:
            sock = None
        for other in 5, None, 'text', Other(), MQTTClient, Exception():
            show(MQTTClient.publish, other, 't', 'm')
        show(MQTTClient.connect, 5)
        show(MQTTClient.check_msg, Other())
        show(MQTTClient.__init__, Other(), 'id', 'broker')
        show(MQTTClient.set_last_will, 5, 't', 'm')
        show(MQTTClient.set_chunk_callback, Other(), print, None)",
        &"TypeError('self must be an MQTTClient',)\n".repeat(11),
    );
}

#[test]
fn overriding_methods_can_call_the_overridden() {
    prints(
        "
        class Loud(MQTTClient):
            def __init__(self, server):
                super().__init__('id', server)
            def publish(self, topic, msg, *args, **options):
                print('publishing', topic)
                return super().publish(topic, str(msg), *args, **options)
        serve(CONNACK, puback(1))
        c = Loud('broker')
        c.connect()
        c.publish('t', 120, qos=1)
        print(c.sock.wire[-10:])",
        r"
        publishing t
        b'2\x08\x00\x01t\x00\x01120'",
    );
}

#[test]
fn what_waits_calls_the_overriding_wait_msg() {
    prints(
        "
        class Loud(MQTTClient):
            def wait_msg(self):
                print('waiting', end=' ')
                return super().wait_msg()
        def loud():
            c = Loud('id', 'broker')
            c.set_callback(received)
            return c
        c = connected(PINGRESP, puback(1), suback(2), unsuback(3), message(b't', b'm'), client=loud)
        c.publish('t', 'm', qos=1)
        c.subscribe('t')
        c.unsubscribe('t')
        c.check_msg()",
        "waiting waiting waiting waiting waiting got b't' b'm'",
    );
}

#[test]
fn check_msg_returns_what_the_overriding_wait_msg_does() {
    prints(
        "
        class Sub(MQTTClient):
            def wait_msg(self):
                return 'overridden'
        print(connected(client=lambda: Sub('id', 'broker')).check_msg())",
        "overridden",
    );
}

#[test]
fn wait_msg_can_be_replaced_on_the_instance() {
    prints(
        "
        c = connected(puback(1))
        native = c.wait_msg
        def wait_msg():
            print('mine')
            return native()
        c.wait_msg = wait_msg
        c.publish('t', 'm', qos=1)",
        "mine",
    );
}

#[test]
fn the_callback_may_be_a_method_of_the_subclass() {
    prints(
        "
        class Sub(MQTTClient):
            def on_message(self, topic, msg):
                print(self.client_id, topic, msg)
            def __init__(self):
                super().__init__('id', 'broker')
                self.set_callback(self.on_message)
        c = connected(message(b't', b'm'), client=Sub)
        c.wait_msg()",
        "id b't' b'm'",
    );
}

#[test]
fn a_subclass_may_have_further_bases() {
    prints(
        "
        class Named:
            def name(self):
                return 'named ' + self.client_id
        class First(Named, MQTTClient):
            pass
        class Last(MQTTClient, Named):
            pass
        for cls in First, Last:
            c = connected(client=lambda: cls('id', 'broker'))
            c.publish('t', 'm')
            print(c.name(), len(c.sock.wire))",
        "
        named id 6
        named id 6",
    );
}

#[test]
fn a_class_attribute_of_a_subclass_is_a_default() {
    prints(
        "
        class Sub(MQTTClient):
            lw_topic = 'gone'
            keepalive = 60
            user = 'me'
        c = Sub('id', 'broker')
        print(c.lw_topic, c.keepalive, c.user)",
        "None 0 None",
    );
}

#[test]
fn a_subclass_that_does_not_call_the_constructor_connects_with_its_own_attributes() {
    prints(
        "
        class Sub(MQTTClient):
            client_id, server, port = 'own', 'broker', 5
            def __init__(self):
                pass
        c = Sub()
        show(c.publish, 't', 'm')
        sock = serve(CONNACK, puback(1))
        print(c.connect(), c.publish('t', 'm', qos=1), sock.calls)",
        r#"
        OSError(107,)
        0 None ["connect ('192.0.2.1', 5)", 'setblocking True']"#,
    );
}

#[test]
fn a_subclass_that_does_not_call_the_constructor_lacks_what_only_that_can_know() {
    prints(
        "
        class Sub(MQTTClient):
            def __init__(self):
                pass
        show(Sub().connect)",
        "AttributeError(\"'Sub' object has no attribute 'client_id'\",)",
    );
}

#[test]
fn before_the_constructor_there_is_no_connection() {
    let script = "c = object.__new__(MQTTClient)\nc.cb = received\nshow(c.connect)\ncall_all(c)";
    prints(
        &format!("{CALL_ALL}{script}"),
        "
        AttributeError(\"'MQTTClient' object has no attribute 'client_id'\",)
        set_callback: None
        set_last_will: None
        publish: OSError(107,)
        subscribe: OSError(107,)
        unsubscribe: OSError(107,)
        ping: OSError(107,)
        wait_msg: OSError(107,)
        check_msg: OSError(107,)
        disconnect: OSError(107,)",
    );
}

#[test]
fn before_connect_there_is_no_connection() {
    prints(
        &format!("{CALL_ALL}call_all(client())"),
        "
        set_callback: None
        set_last_will: None
        publish: OSError(107,)
        subscribe: OSError(107,)
        unsubscribe: OSError(107,)
        ping: OSError(107,)
        wait_msg: OSError(107,)
        check_msg: OSError(107,)
        disconnect: OSError(107,)",
    );
}

#[test]
fn after_disconnect_there_is_no_connection() {
    prints(
        &format!(
            "{CALL_ALL}c = connected()\nsock = c.sock\ncall_all(c)\ncall_all(c)\nprint(sock.calls.count('close'))"
        ),
        "
        set_callback: None
        set_last_will: None
        publish: None
        subscribe: Hang()
        unsubscribe: Hang()
        ping: None
        wait_msg: Hang()
        check_msg: None
        disconnect: None
        set_callback: None
        set_last_will: None
        publish: OSError(107,)
        subscribe: OSError(107,)
        unsubscribe: OSError(107,)
        ping: OSError(107,)
        wait_msg: OSError(107,)
        check_msg: OSError(107,)
        disconnect: OSError(107,)
        1",
    );
}

/// The class has no place for them, while those that are derived from it do.
#[test]
fn special_methods_are_missing_as_from_a_python_class_that_has_none() {
    prints(
        "
        class Python:
            pass
        class Sub(MQTTClient):
            def __init__(self): pass
            def __call__(self): return 'called'
            def __getitem__(self, i): return i
            def __add__(self, other): return other
            def __eq__(self, other): return True
            def __hash__(self): return 7
            def __len__(self): return 2
            def __contains__(self, other): return True
        def store(c):
            c[0] = 1
        operations = (
            lambda c: c(), lambda c: c[0], store, lambda c: c + 1, lambda c: 1 + c, lambda c: -c, lambda c: c < c,
            lambda c: (c == c, c == 1, c != c, c != 1), lambda c: c in {c: 1}, lambda c: 1 in c, lambda c: {c: 5}[c],
            lambda c: isinstance(hash(c), int), lambda c: repr(c).split(' at ')[0], lambda c: 'x' * c,
            lambda c: bytearray(2) + c, callable, bool, len, bytes, iter, next, int, abs,
        )
        def told(operation, c):
            try:
                return repr(operation(c))
            except Exception as error:
                return repr(error)
        ours, theirs = MQTTClient('id', 'broker'), Python()
        for i, operation in enumerate(operations):
            expected, given = told(operation, theirs).replace('Python', 'MQTTClient'), told(operation, ours)
            if given != expected:
                print(i, expected, given)
        c = Sub()
        print(c(), c[3], c + 4, c == 1, hash(c), len(c), 5 in c)",
        "called 3 4 True 7 2 True",
    );
}

#[test]
fn a_class_made_of_the_same_parts_has_its_own_attributes() {
    prints(
        "
        Other = type('Other', MQTTClient.__bases__, MQTTClient.__dict__)
        class Sub(Other):
            pass
        for cls in Other, Sub:
            c = connected(puback(1), message(b't', b'm'), client=lambda: cls('id', 'broker'))
            c.set_callback(received)
            c.own = 'own'
            c.publish('t', 'm', qos=1)
            c.wait_msg()
            print(c.own, c.server, isinstance(c, MQTTClient), type(c).__name__)",
        "
        got b't' b'm'
        own broker False Other
        got b't' b'm'
        own broker False Sub",
    );
}

#[test]
fn the_native_base_is_of_no_use_alone() {
    prints(
        "
        Session, = MQTTClient.__bases__
        show(MQTTClient.publish, Session(), 't', 'm')",
        "TypeError('self must be an MQTTClient',)",
    );
}
