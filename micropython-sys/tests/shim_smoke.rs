//! The native module is in the build, and the class is found where users look for it.

use micropython_sys::Interpreter;

#[test]
fn the_native_module_is_built_in() {
    Interpreter::new(64 * 1024).run("import umqtt").unwrap();
}

#[test]
fn the_class_is_imported_as_users_do() {
    let source = "from umqtt.simple import MQTTClient, MQTTException\n\
        c = MQTTClient('umqtt_client', 'test.mosquitto.org')\nprint(c.server, c.port, c.sock)";
    assert_eq!(Interpreter::new(64 * 1024).run(source).unwrap(), "test.mosquitto.org 1883 None\n");
}
