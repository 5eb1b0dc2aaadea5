//! The C interface, and the only unsafe code. cbindgen writes `umqtt_engine.h` from this file.
//!
//! Every function takes pointers that its caller owns and keeps nothing of them after it returns. A pointer is never
//! null and points to what its type says, initialised unless the function's description says otherwise. No function
//! blocks, allocates, panics or calls back.
#![allow(non_camel_case_types)]

use crate::Error;
use crate::operation::{Next, Operation, Told};
use crate::session::{Arrived, IN_FLIGHT_MAX, Session};
use crate::wire::{Connect, Decoder, Lookup, PacketType, Publish, QoS, Slot, Subscribe, Target, Unsubscribe, Will};
use core::{mem, slice};

/// Size of umqtt_session_t in words of 32 bits.
#[cfg(feature = "qos2")]
pub const UMQTT_SESSION_WORDS: usize = 23;

/// Size of umqtt_session_t in words of 32 bits.
#[cfg(not(feature = "qos2"))]
pub const UMQTT_SESSION_WORDS: usize = 13;

/// Size of umqtt_operation_t in words of 32 bits.
pub const UMQTT_OPERATION_WORDS: usize = 7;

/// How many exchanges may be open at once.
pub const UMQTT_IN_FLIGHT_MAX: usize = 4;

/// How many strings umqtt_strings_t holds.
pub const UMQTT_STRINGS: usize = 5;

/// One client's state between two calls. To be kept beside the socket that it describes.
#[repr(C)]
pub struct umqtt_session_t {
    words: [u32; UMQTT_SESSION_WORDS],
}

/// One call of the user's. To be kept on the stack while it lasts.
#[repr(C)]
pub struct umqtt_operation_t {
    words: [u32; UMQTT_OPERATION_WORDS],
    /// What it wants next, as umqtt_step and umqtt_take have said.
    pub action: umqtt_action_t,
}

const _: () = {
    assert!(size_of::<Session>() == size_of::<umqtt_session_t>());
    assert!(align_of::<Session>() <= align_of::<umqtt_session_t>());
    assert!(size_of::<Operation>() == size_of::<[u32; UMQTT_OPERATION_WORDS]>());
    assert!(align_of::<Operation>() <= align_of::<umqtt_operation_t>());
    assert!(Slot::COUNT == UMQTT_STRINGS);
    assert!(IN_FLIGHT_MAX == UMQTT_IN_FLIGHT_MAX);
    assert!(Arrived::REPEATED == UMQTT_ONLY_TO_ACKNOWLEDGE);
};

/// A string of the user's program: `len` bytes at `bytes`, or no string when `bytes` is null.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct umqtt_string_t {
    /// Its bytes; read during the call only.
    pub bytes: *const u8,
    /// How many.
    pub len: usize,
}

/// Which of the strings a string is.
#[repr(C)]
pub enum umqtt_slot_t {
    /// Client identifier.
    UMQTT_CLIENT_ID,
    /// Topic name or topic filter; for CONNECT the will topic.
    UMQTT_TOPIC,
    /// Application message; for CONNECT the will message.
    UMQTT_MESSAGE,
    /// User name.
    UMQTT_USER,
    /// Password.
    UMQTT_PASSWORD,
}

/// The strings that a packet may hold, by umqtt_slot_t.
#[repr(C)]
pub struct umqtt_strings_t {
    /// The strings; those that the packet does not hold are not looked at.
    pub slot: [umqtt_string_t; UMQTT_STRINGS],
}

/// What goes wrong.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum umqtt_error_t {
    /// Nothing.
    UMQTT_OK,
    /// There is no connection, or it was closed meanwhile.
    UMQTT_NOT_CONNECTED,
    /// The broker closed the connection.
    UMQTT_PEER_CLOSED,
    /// The broker broke the protocol: close without DISCONNECT.
    UMQTT_MALFORMED,
    /// An earlier packet was cut off while it was written: close.
    UMQTT_DESYNCHRONISED,
    /// CONNACK refused; the action's value is its return code.
    UMQTT_CONNECT_REFUSED,
    /// SUBACK refused.
    UMQTT_SUBSCRIBE_REFUSED,
    /// The time limit is over.
    UMQTT_TIMED_OUT,
    /// The broker does not answer PINGREQ: close.
    UMQTT_BROKER_SILENT,
    /// The heap cannot hold the message that is arriving.
    UMQTT_OUT_OF_MEMORY,
    /// Too many exchanges are open.
    UMQTT_TOO_MANY_IN_FLIGHT,
    /// The broker has too many QoS 2 messages unreleased: close.
    UMQTT_TOO_MANY_UNRELEASED,
    /// Topic without a character.
    UMQTT_EMPTY_TOPIC,
    /// Wildcard in a topic name.
    UMQTT_WILDCARD_IN_TOPIC,
    /// Misplaced wildcard in a topic filter.
    UMQTT_MISPLACED_WILDCARD,
    /// A string that is not UTF-8, or holds NUL.
    UMQTT_ILL_FORMED_TEXT,
    /// A string of more than 65,535 bytes.
    UMQTT_FIELD_TOO_LONG,
    /// A packet of more than 268,435,455 bytes.
    UMQTT_PACKET_TOO_LONG,
    /// QoS 2 in a build without it.
    UMQTT_QOS_2_MISSING,
    /// An empty client identifier without clean session.
    UMQTT_CLIENT_ID_MISSING,
}

impl From<Error> for umqtt_error_t {
    fn from(error: Error) -> Self {
        // SAFETY: both are C's enumerations, and each number of the one is defined as one of the other's.
        unsafe { mem::transmute::<Error, umqtt_error_t>(error) }
    }
}

impl From<Target> for umqtt_target_t {
    fn from(target: Target) -> Self {
        // SAFETY: as for errors.
        unsafe { mem::transmute::<Target, umqtt_target_t>(target) }
    }
}

impl From<umqtt_event_kind_t> for Told {
    fn from(kind: umqtt_event_kind_t) -> Self {
        // SAFETY: as for errors, and each of C's has its number here.
        unsafe { mem::transmute::<umqtt_event_kind_t, Told>(kind) }
    }
}

/// C's way to say that it worked, or why it did not.
fn code(result: Result<(), Error>) -> umqtt_error_t {
    match result {
        Ok(()) => umqtt_error_t::UMQTT_OK,
        Err(error) => error.into(),
    }
}

/// What an operation wants next. Less than these is an umqtt_error_t, with which it has failed.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum umqtt_action_kind_t {
    /// Write the packet, chunk by chunk (umqtt_chunk), then tell UMQTT_SENT.
    UMQTT_SEND = 20,
    /// Read at most `len - offset` bytes, once, to `target`; then tell UMQTT_RECEIVED, UMQTT_WOULD_BLOCK, UMQTT_WAITED_IN_VAIN
    /// or UMQTT_NO_MEMORY.
    UMQTT_READ,
    /// Hand topic and message to the user, then tell UMQTT_DELIVERED.
    UMQTT_DELIVER,
    /// Keep topic and message, after those that are held already, for umqtt_deliver_held, which wants to know `value` of
    /// them; then tell UMQTT_HELD. Of a message that was delivered while it arrived, tell UMQTT_DELIVERED, and keep only
    /// `value`, with UMQTT_ONLY_TO_ACKNOWLEDGE.
    UMQTT_HOLD,
    /// Run an operation of umqtt_wait to its end, then tell UMQTT_WAITED.
    UMQTT_WAIT,
    /// It succeeded; see `value`.
    UMQTT_DONE,
}

/// Where bytes belong that are to be read.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum umqtt_target_t {
    /// Into any buffer; to be shown with UMQTT_RECEIVED. At most UMQTT_HEADER_MAX bytes.
    UMQTT_TO_HEADER,
    /// Into the topic, a buffer of `len` bytes in all; all that has arrived is to be shown with UMQTT_RECEIVED.
    UMQTT_TO_TOPIC,
    /// Into the message, a buffer of `len` bytes in all.
    UMQTT_TO_MESSAGE,
    /// Nowhere.
    UMQTT_TO_NOWHERE,
}

/// The most bytes that UMQTT_TO_HEADER asks for at once.
pub const UMQTT_HEADER_MAX: usize = 5;

/// In what UMQTT_HOLD says: the message was delivered already, and is only to be acknowledged.
pub const UMQTT_ONLY_TO_ACKNOWLEDGE: u32 = 1 << 8;

/// What an operation wants next. What is not said to be for its kind is not set.
#[repr(C)]
pub struct umqtt_action_t {
    /// What: umqtt_action_kind_t, or umqtt_error_t when it has failed.
    pub kind: u32,
    /// Of umqtt_wait, for UMQTT_HOLD, UMQTT_DELIVER and UMQTT_DONE: 0, or a packet that has arrived, its first byte lowest. When
    /// that is a PUBLISH at QoS 0, nothing is left to be done but to deliver it. Of umqtt_connect, session present; for
    /// UMQTT_CONNECT_REFUSED the return code.
    pub value: u32,
    /// For UMQTT_READ.
    pub target: umqtt_target_t,
    /// For UMQTT_READ: how many bytes of the target have arrived already. When 0, the target begins.
    pub offset: u32,
    /// For UMQTT_READ: the size of the whole target.
    pub len: u32,
    /// For UMQTT_READ: how many bytes the packet has from the target's beginning on, as far as is known; what is wanted is among
    /// them.
    pub rest: u32,
    /// For UMQTT_DELIVER of a packet that was there as a whole: how many bytes the topic has. It begins with byte 4 of the packet.
    pub topic_len: usize,
    /// Where the message begins, which goes on to the packet's end.
    pub message: usize,
}

/// What came of an action.
#[repr(C)]
#[derive(Clone, Copy)]
pub enum umqtt_event_kind_t {
    /// The operation begins.
    UMQTT_START,
    /// The packet is written.
    UMQTT_SENT,
    /// `count` bytes were read; 0 at the end of the stream.
    UMQTT_RECEIVED,
    /// No byte was there, and the socket does not wait.
    UMQTT_WOULD_BLOCK,
    /// The socket has waited, and no byte has come.
    UMQTT_WAITED_IN_VAIN,
    /// There is no memory for the target.
    UMQTT_NO_MEMORY,
    /// The message was delivered.
    UMQTT_DELIVERED,
    /// The message is held.
    UMQTT_HELD,
    /// The wait is over.
    UMQTT_WAITED,
}

/// What came of an action.
#[repr(C)]
pub struct umqtt_event_t {
    /// What.
    pub kind: umqtt_event_kind_t,
    /// The time in milliseconds; it may wrap around.
    pub now: u32,
    /// For UMQTT_RECEIVED: how many bytes were read.
    pub count: u32,
    /// For UMQTT_RECEIVED: the bytes that the target asks to be shown, perhaps none, but somewhere.
    pub shown: umqtt_string_t,
}

/// The next bytes to write.
#[repr(C)]
pub struct umqtt_chunk_t {
    /// Where they are: in the scratch buffer or in one of the strings.
    pub bytes: *const u8,
    /// How many.
    pub len: usize,
    /// The size of the whole packet: when so many bytes are written, no chunk is left.
    pub packet_size: usize,
}

/// Borrows what a pointer of C's points to.
///
/// SAFETY: the caller owns a `T` there, initialised, and uses it for nothing else during `'a`.
unsafe fn borrow<'a, T, C>(pointer: *mut C) -> &'a mut T {
    // SAFETY: as above; the sizes and alignments are asserted at the top of this file.
    unsafe { &mut *pointer.cast::<T>() }
}

/// Borrows a string of C's.
///
/// SAFETY: `len` bytes are readable at `bytes` and nothing writes to them during `'a`, or `bytes` is null.
unsafe fn bytes<'a>(string: umqtt_string_t) -> Option<&'a [u8]> {
    if string.bytes.is_null() {
        return None;
    }
    // SAFETY: as above.
    Some(unsafe { slice::from_raw_parts(string.bytes, string.len) })
}

/// Strings of C's, borrowed for as long as this lives: none of them is copied, nor looked at before it is wanted.
struct Borrowed<'a>(&'a umqtt_strings_t);

impl Lookup for Borrowed<'_> {
    fn at(&self, slot: usize) -> &[u8] {
        let Some(string) = self.0.slot.get(slot) else { return &[] };
        // SAFETY: as said for `borrow_strings`; a string that the packet holds is not null.
        unsafe { slice::from_raw_parts(string.bytes, string.len) }
    }

    fn find(&self, slot: usize) -> Option<&[u8]> {
        let string = self.0.slot.get(slot)?;
        // SAFETY: as said for `borrow_strings`.
        unsafe { bytes(*string) }
    }
}

/// Borrows strings of C's.
///
/// SAFETY: as for `bytes`, for every string that the packet holds.
unsafe fn borrow_strings<'a>(strings: *const umqtt_strings_t) -> Borrowed<'a> {
    // SAFETY: as above.
    Borrowed(unsafe { &*strings })
}

/// Puts a new operation where C wants one, and borrows it, to be begun.
///
/// SAFETY: `to` points to memory for a umqtt_operation_t, which the caller uses for nothing else during `'a`.
#[inline(never)]
unsafe fn place<'a>(to: *mut umqtt_operation_t) -> &'a mut Operation {
    let to = to.cast::<Operation>();
    // SAFETY: as above; the sizes and alignments are asserted at the top of this file.
    unsafe {
        to.write(Operation::default());
        &mut *to
    }
}

/// The same, and borrows a session of C's.
///
/// SAFETY: as for `place` and `borrow`.
unsafe fn begin<'a>(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
) -> (&'a mut Operation, &'a mut Session) {
    // SAFETY: as above.
    unsafe { (place(operation), borrow(session)) }
}

/// Makes a session, for a socket that is connected, of memory that holds zeros.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_init(session: *mut umqtt_session_t) {
    // SAFETY: the caller's memory. Zeros are a session: numbers, `false`, no moment, an empty vector, the first stage.
    unsafe { borrow::<Session, _>(session) }.decoder = Decoder::new();
}

/// A new connection begins; with `clean_session`, what was remembered is forgotten.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_begin(session: *mut umqtt_session_t, clean_session: bool) {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.begin(clean_session);
}

/// The connection is gone. Operations that are under way on it will fail with UMQTT_NOT_CONNECTED.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_lost(session: *mut umqtt_session_t) {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.lost();
}

/// The socket is another one, of which nothing is known but that it is connected. There is no time limit.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_replaced(session: *mut umqtt_session_t) {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.replaced();
}

/// Whether messages above QoS 0 outlive the connection, so that their topics and messages have to be kept.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_is_kept(session: *mut umqtt_session_t) -> bool {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.is_kept()
}

/// Whether the exchange of this identifier is open.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_holds(session: *mut umqtt_session_t, identifier: u16) -> bool {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.exchanges.find(identifier).is_some()
}

/// Whether another exchange can be opened without umqtt_make_room.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_has_room(session: *mut umqtt_session_t) -> bool {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.exchanges.have_room()
}

/// Forgets the exchange of this identifier: its topic and message could not be kept.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_forget(session: *mut umqtt_session_t, identifier: u16) {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.exchanges.close(identifier);
}

/// How long a socket may block in a read, in milliseconds; 0 for as long as it likes.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_patience(session: *mut umqtt_session_t) -> u32 {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.patience()
}

/// Limits the time of each operation to so many milliseconds; 0 for no limit.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_set_time_limit(session: *mut umqtt_session_t, milliseconds: u32) {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.set_time_limit(milliseconds);
}

/// The packet identifier to use after `last`: never 0, never one in use.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_next_identifier(session: *mut umqtt_session_t, last: u16) -> u16 {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.exchanges.next_identifier(last)
}

/// What CONNECT says beside its strings.
#[repr(C)]
pub struct umqtt_connect_t {
    /// Whether the broker forgets what it knows of this client: 0 or 1.
    pub clean_session: u32,
    /// Keep alive interval in seconds, up to 65,535; 0 for none.
    pub keep_alive: u32,
    /// The will's quality of service, 0 to 2.
    pub will_qos: u32,
    /// Whether the broker retains the will.
    pub will_retain: bool,
    /// Whether there is a will, whose topic and message are among the strings.
    pub has_will: bool,
}

/// Begins to connect, on a session whose connection begins. Writes `operation`; when it cannot begin, it is over.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_connect(
    operation: *mut umqtt_operation_t,
    strings: *const umqtt_strings_t,
    options: *const umqtt_connect_t,
) -> umqtt_error_t {
    // SAFETY: the caller's, as said for the file.
    let (strings, options) = unsafe { (borrow_strings(strings), &*options) };
    let will =
        options.has_will.then(|| Will { qos: QoS::of_bits(options.will_qos as u8), retain: options.will_retain });
    let connect = Connect { clean_session: options.clean_session != 0, keep_alive: options.keep_alive as u16, will };
    // SAFETY: the caller's memory.
    code(unsafe { place(operation) }.connect(connect, &strings))
}

/// Begins to make sure that another exchange can be opened: waits, if UMQTT_IN_FLIGHT_MAX are open, for the oldest message
/// in flight that nobody attends to. There is none when all are of calls that this one is nested in; then it cannot
/// begin. Writes `operation`.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_make_room(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
) -> umqtt_error_t {
    // SAFETY: the caller's, as said for the file.
    let (operation, session) = unsafe { begin(operation, session) };
    code(operation.make_room(session))
}

/// What PUBLISH says beside its strings.
#[repr(C)]
pub struct umqtt_publish_t {
    /// Quality of service, 0 to 2.
    pub qos: u32,
    /// The packet identifier, up to 65,535; 0 at QoS 0.
    pub identifier: u32,
    /// The time in milliseconds; it may wrap around.
    pub now: u32,
    /// Whether the broker retains it.
    pub retain: bool,
}

/// Begins to publish topic and message. Writes `operation`; when it cannot begin, it is over. At entry, `chunk` is memory that may be used
/// for the first bytes to write, perhaps none. On return it is these bytes: then UMQTT_START and umqtt_chunk are behind
/// already. It has none when they are not.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_publish(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    strings: *const umqtt_strings_t,
    options: *const umqtt_publish_t,
    chunk: *mut umqtt_chunk_t,
) -> umqtt_error_t {
    // SAFETY: the caller's, as said for the file.
    let (session, strings, options, chunk) =
        unsafe { (borrow::<Session, _>(session), borrow_strings(strings), &*options, &mut *chunk) };
    let publish = Publish {
        dup: false,
        qos: QoS::of_bits(options.qos as u8),
        retain: options.retain,
        identifier: options.identifier as u16,
    };
    // SAFETY: the caller's memory.
    let operation = unsafe { place(operation) };
    let begun = operation.publish(session, publish, &strings);
    if begun.is_ok() {
        // SAFETY: the caller's memory; bytes are valid whatever they hold.
        let scratch = unsafe { slice::from_raw_parts_mut(chunk.bytes.cast_mut(), chunk.len) };
        (chunk.len, chunk.packet_size) = operation.publish_at_once(session, options.now, &strings, scratch);
    }
    code(begun)
}

/// Tells that the packet of an operation is written which umqtt_publish has begun to write, and after which nothing is left
/// to be done: at QoS 0. The time in milliseconds is `now`.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_published(session: *mut umqtt_session_t, now: u32) {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.connection.end_writing(now, false);
}

/// Goes on with a message that is in flight and that nobody attends to: nothing is sent, its acknowledgement is awaited.
/// Writes `operation` and returns true; false, when there is no such message, and it is over.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_resume(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    qos_number: u8,
    retain: bool,
    identifier: u16,
) -> bool {
    // SAFETY: the caller's, as said for the file.
    let (operation, session) = unsafe { begin(operation, session) };
    operation.resume(session, Publish { dup: false, qos: QoS::of_bits(qos_number), retain, identifier })
}

/// Begins to send again what is in flight, for the exchange at place `index` of their order; to be called for 0 up to
/// UMQTT_IN_FLIGHT_MAX, after the broker was found to have the session. Writes `operation` and returns the exchange's
/// identifier, whose topic and message are the strings; 0 where nothing is to be sent.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_resend(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    index: usize,
) -> u16 {
    // SAFETY: the caller's, as said for the file.
    let (operation, session) = unsafe { begin(operation, session) };
    match session.exchanges.at(index) {
        Some(exchange) if operation.resend(exchange) => exchange.identifier(),
        _ => 0,
    }
}

/// Begins to subscribe to topic. Writes `operation`; when it cannot begin, it is over.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_subscribe(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    strings: *const umqtt_strings_t,
    qos_number: u8,
    identifier: u16,
) -> umqtt_error_t {
    let subscribe = Subscribe { identifier, qos: QoS::of_bits(qos_number) };
    // SAFETY: the caller's, as said for the file.
    let ((operation, session), strings) = unsafe { (begin(operation, session), borrow_strings(strings)) };
    code(operation.subscribe(session, subscribe, &strings))
}

/// Begins to unsubscribe from topic. Writes `operation`; when it cannot begin, it is over.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_unsubscribe(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    strings: *const umqtt_strings_t,
    identifier: u16,
) -> umqtt_error_t {
    // SAFETY: the caller's, as said for the file.
    let ((operation, session), strings) = unsafe { (begin(operation, session), borrow_strings(strings)) };
    code(operation.unsubscribe(session, Unsubscribe { identifier }, &strings))
}

/// Begins to send PINGREQ. Writes `operation`.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_ping(operation: *mut umqtt_operation_t) {
    // SAFETY: the caller's, as said for the file.
    unsafe { place(operation) }.bare(PacketType::PINGREQ);
}

/// Begins to send DISCONNECT. Writes `operation`.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_disconnect(operation: *mut umqtt_operation_t) {
    // SAFETY: the caller's, as said for the file.
    unsafe { place(operation) }.bare(PacketType::DISCONNECT);
}

/// Begins to wait for one packet. Writes `operation`. With `holds`, which is for waits of operations within a callback,
/// messages are to be held until that has returned.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_wait(operation: *mut umqtt_operation_t, holds: bool) {
    // SAFETY: the caller's, as said for the file.
    unsafe { place(operation) }.wait(holds);
}

/// Whether a wait that begins at `now` may read at once, for nothing but the packet that comes matters to it. If it may, it
/// has begun: read two bytes, and as many as the second one says. When they are there, go on with umqtt_take; else with
/// umqtt_wait, UMQTT_START and what was read.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_take_quiet(session: *mut umqtt_session_t, now: u32) -> bool {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.take_quiet(now)
}

/// Begins to wait for a packet that is there as a whole: umqtt_wait, and what UMQTT_START would lead to. Writes `operation`, its
/// next action, and for the UMQTT_DELIVER that comes next or later on the action's `topic_len` and `message`.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_take(
    operation_out: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    packet: umqtt_string_t,
    now: u32,
) {
    // SAFETY: the caller's, as said for the file.
    let ((operation, session), packet) =
        unsafe { (begin(operation_out, session), slice::from_raw_parts(packet.bytes, packet.len)) };
    let next = operation.take_whole(session, now, packet);
    let (topic_len, message) = session.decoder.places();
    // SAFETY: the caller's memory.
    unsafe {
        (*operation_out).action.topic_len = topic_len;
        (*operation_out).action.message = message;
        put_action(operation_out, session, next);
    }
}

/// Begins to deliver and acknowledge a message of which UMQTT_HOLD has said `held`: the one that was held first, on this
/// connection. Writes `operation`. Topic and message stay the caller's until UMQTT_DELIVER.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_deliver_held(operation: *mut umqtt_operation_t, held: u32) {
    // SAFETY: the caller's, as said for the file.
    unsafe { place(operation) }.deliver_held(Arrived::from_word(held));
}

/// Whether an operation that began at `started` has time left at `now`, both in milliseconds.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_has_time(session: *mut umqtt_session_t, started: u32, now: u32) -> bool {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.time_left(started, now) != 0
}

/// Gives up the message that is arriving, of which `count` bytes more were read than was told: the user could not take
/// them. The rest will be skipped, and the message will not be acknowledged.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_give_up_message(session: *mut umqtt_session_t, count: u32) {
    // SAFETY: the caller's session.
    Operation::give_up_message(unsafe { borrow(session) }, count);
}

/// Leaves an operation before its end. True when what it waited for has come: nothing of it is left to be done.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_abandon(operation: *mut umqtt_operation_t, session: *mut umqtt_session_t) -> bool {
    // SAFETY: the caller's, as said for the file.
    unsafe { borrow::<Operation, _>(operation).abandon(borrow(session)) }
}

/// Tells what came of the last action, and writes the next one to the operation's.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_step(
    operation: *mut umqtt_operation_t,
    session: *mut umqtt_session_t,
    event: *const umqtt_event_t,
) {
    // SAFETY: the caller's, as said for the file.
    let (session, event) = unsafe { (borrow::<Session, _>(session), &*event) };
    let told = event.kind.into();
    let (count, shown) = match told {
        // SAFETY: the caller's bytes, readable during the call.
        Told::Received => (event.count, unsafe { slice::from_raw_parts(event.shown.bytes, event.shown.len) }),
        _ => (0, &[][..]),
    };
    // SAFETY: the caller's memory, and none of it is borrowed twice at a time.
    unsafe {
        let next = borrow::<Operation, _>(operation).advance(session, event.now, told, count, shown);
        put_action(operation, session, next);
    }
}

/// The next bytes to write when the first `position` bytes of the operation's packet are written. `scratch` is memory of
/// `scratch_len` bytes, at least 1, that may be used for them. `strings` are those that the operation began with. When
/// `position` is not 0, `chunk` is the one before at entry.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_chunk(
    operation: *mut umqtt_operation_t,
    position: usize,
    strings: *const umqtt_strings_t,
    scratch: *mut u8,
    scratch_len: usize,
    chunk: *mut umqtt_chunk_t,
) {
    // SAFETY: the caller's, as said for the file.
    let (operation, strings) = unsafe { (borrow::<Operation, _>(operation), borrow_strings(strings)) };
    // SAFETY: the caller's memory; bytes are valid whatever they hold.
    let scratch = unsafe { slice::from_raw_parts_mut(scratch, scratch_len) };
    // SAFETY: the caller's, initialised by the call before, if there was one.
    let size = (position != 0).then(|| unsafe { (*chunk).packet_size });
    let rest = size.and_then(|size| Some((operation.rest_of_message(position, size, &strings)?, size)));
    let (bytes, packet_size) = rest.unwrap_or_else(|| operation.chunk(position, &strings, scratch));
    // SAFETY: the caller's memory.
    unsafe { chunk.write(umqtt_chunk_t { bytes: bytes.as_ptr(), len: bytes.len(), packet_size }) };
}

/// The number that C has for what comes next.
const fn number(next: Next) -> u32 {
    // SAFETY: it is a number, an error's or one of those that follow (asserted below), of as many bytes as C's enumerations have.
    unsafe {
        if size_of::<Next>() == size_of::<u32>() {
            mem::transmute_copy::<Next, u32>(&next)
        } else {
            mem::transmute_copy::<Next, u8>(&next) as u32
        }
    }
}

const _: () = {
    use umqtt_action_kind_t::*;
    assert!(number(Next::Fail(Error::NotConnected)) == Error::NotConnected as u32);
    assert!(number(Next::Fail(Error::ClientIdMissing)) == Error::ClientIdMissing as u32);
    assert!(number(Next::Send) == UMQTT_SEND as u32 && number(Next::Read) == UMQTT_READ as u32);
    assert!(number(Next::Deliver) == UMQTT_DELIVER as u32 && number(Next::Hold) == UMQTT_HOLD as u32);
    assert!(number(Next::Wait) == UMQTT_WAIT as u32 && number(Next::Done) == UMQTT_DONE as u32);
};

/// Writes the next action: what its kind has, and nothing else. An operation that has failed is left.
///
/// SAFETY: `to` points to an operation of the caller's.
#[inline(never)]
unsafe fn put_action(to: *mut umqtt_operation_t, session: &mut Session, next: Next) {
    // SAFETY: as above; the operation lies before the action, which need not be initialised, and nothing in it is dropped.
    let (operation, action) = unsafe { (&mut *to.cast::<Operation>(), &raw mut (*to).action) };
    // SAFETY: as above.
    unsafe {
        (*action).kind = number(next);
        (*action).value = operation.arrived().word();
        if next == Next::Read {
            let want = session.decoder.want();
            (*action).target = want.target.into();
            (*action).offset = want.offset;
            (*action).len = want.len;
            (*action).rest = session.decoder.remaining();
        }
    }
    if matches!(next, Next::Fail(_)) {
        operation.abandon(session);
    }
}

/// How long the socket may take nothing of a packet, in milliseconds; 0 for as long as it waits anyway.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_session_write_limit(session: *mut umqtt_session_t) -> u32 {
    // SAFETY: the caller's session.
    unsafe { borrow::<Session, _>(session) }.write_limit()
}

/// How long the read of UMQTT_READ may block, in milliseconds, when that is less than umqtt_session_patience; else 0.
///
/// # Safety
/// As said for the file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn umqtt_limit(operation: *mut umqtt_operation_t, session: *mut umqtt_session_t) -> u32 {
    // SAFETY: the caller's, as said for the file.
    unsafe { borrow::<Operation, _>(operation).limit(borrow(session)) }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;
    use std::format;

    #[test]
    fn memory_of_zeros_becomes_a_new_session() {
        let mut session = umqtt_session_t { words: [0; UMQTT_SESSION_WORDS] };
        // SAFETY: it lives as long as this test.
        let made = unsafe {
            umqtt_session_init(&raw mut session);
            borrow::<Session, _>(&raw mut session)
        };
        assert_eq!(format!("{made:?}"), format!("{:?}", Session::new()));
    }
}
