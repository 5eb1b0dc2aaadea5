//! What the class takes of the heap, beside the Python library.

use umqtt_tests::{broker::Broker, heap::Figures};

#[test]
fn publish_takes_no_heap_and_receive_only_what_it_delivers() {
    let broker = Broker::start().unwrap();
    let ours = Figures::of_ours(&broker).unwrap();
    for nothing in ["publish QoS 0", "publish QoS 1", "ping", "check_msg, idle"] {
        assert_eq!(ours.get(nothing), Some(0), "{nothing}");
    }
    // The topic is that of the message before, and is given again.
    assert_eq!(ours.get("receive"), ours.get("bytes of the message"));
}

#[test]
fn import_and_instance_take_less_than_those_of_the_python_library() {
    let broker = Broker::start().unwrap();
    let (ours, reference) = (Figures::of_ours(&broker).unwrap(), Figures::of_reference(&broker).unwrap());
    assert!(ours.get("import") < reference.get("import"));
    // 16 words; on the ESP8266 these are 64 bytes.
    assert!(ours.get("import").is_some_and(|bytes| bytes <= 128), "{:?}", ours.get("import"));
    assert!(ours.get("instance").is_some());
}
