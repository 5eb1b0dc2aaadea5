// Does with an engine what a program might, at random and with whatever a broker might send, and prints a number for all that
// it gives. The engine for this computer and the one for the ESP8266 must print the same: twin.sh.
//
// What is chosen at random is chosen in statements of its own, for compilers differ in the order of operands.
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "umqtt_engine.h"

enum { LINES = 20, CALLS = 20000, DEPTH = 3, PACKET_MAX = 300, TOPIC_MAX = 80 };

static uint32_t seed = 0x2545f491;
static uint32_t seen = 0x811c9dc5;
static uint32_t now = 1000;
static umqtt_session_t session;

static uint32_t below(uint32_t limit) {
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return (seed >> 16) * limit >> 16; // the chip cannot divide
}

static bool once_in(uint32_t times) {
    return below(times) == 0;
}

// All that an engine has given goes through here.
static uint32_t see(uint32_t number) {
    for (int byte = 0; byte < 4; byte++) {
        seen = (seen ^ (number >> (8 * byte) & 0xff)) * 0x01000193;
    }
    return number;
}

static void see_bytes(const uint8_t *bytes, size_t len) {
    see(len);
    while (len-- > 0) {
        seen = (seen ^ *bytes++) * 0x01000193;
    }
}

static uint32_t later(void) {
    static const uint32_t steps[] = { 0, 1, 7, 300, 2500, 6000, 0x40000000 };
    return now += steps[below(once_in(50) ? 7 : once_in(4) ? 6 : 4)];
}

// The program's strings

// One byte more than MQTT allows. When a session is resumed, strings are sent that nobody has looked at.
enum { TOO_LONG = 65536 };

static uint8_t memory[UMQTT_STRINGS][3 + TOO_LONG];
static umqtt_strings_t strings;

static void choose_string(int slot) {
    static const char *const some[] = {
        "domeu", "domeu/test", "a", "maison/temp\xc3\xa9rature", "#", "+", "a/#", "a/+/b", "+a", "a#", "a/#/b", "/", "",
        "\xed\xa0\x80", "\xe2\x82\xac/\xf0\x9f\xa6\x80", "\xf4\x90\x80\x80", "\xc3", "a\xff", "\xe0\x9f\xbf", "\xc0\xaf",
        "a rather long topic/of some levels/that goes on and on/for more than sixty-four bytes",
    };
    size_t len = 0;
    uint8_t *bytes = memory[slot] + below(4);
    if (once_in(3)) {
        len = below(once_in(10) ? 1400 : 40);
        uint32_t kind = below(3);
        for (size_t at = 0; at < len; at++) {
            bytes[at] = kind == 0 ? below(256) : 'a' + below(26);
        }
    } else {
        const char *from = some[below(sizeof(some) / sizeof(*some))];
        while (from[len] != 0) {
            bytes[len] = from[len];
            len++;
        }
        if (once_in(20)) {
            bytes[len++] = 0;
        }
    }
    strings.slot[slot] = (umqtt_string_t) { bytes, slot != UMQTT_MESSAGE && once_in(400) ? TOO_LONG : len };
}

static void choose_strings(void) {
    for (int slot = 0; slot < (int)UMQTT_STRINGS; slot++) {
        choose_string(slot);
    }
    if (once_in(3)) {
        strings.slot[UMQTT_USER].bytes = NULL;
    }
    if (once_in(3)) {
        strings.slot[UMQTT_PASSWORD].bytes = NULL;
    }
}

// The broker's packets

static uint8_t incoming[PACKET_MAX];
static size_t incoming_len, incoming_at;

static uint32_t some_identifier(void) {
    return once_in(40) ? below(65536) : once_in(3) ? 65530 + below(6) : below(9);
}

static size_t put_packet(uint8_t *to) {
    static const uint8_t acknowledgements[] = { 0x40, 0x50, 0x62, 0x70, 0xb0, 0x90, 0x90 };
    size_t len = 0;
    uint32_t kind = below(20);
    if (kind < 9) {
        uint32_t qos = below(3), topic = 1 + below(once_in(4) ? TOPIC_MAX : 6), message = below(once_in(6) ? 150 : 8);
        size_t rest = 2 + topic + (qos ? 2 : 0) + message;
        to[len] = 0x30 | qos << 1 | below(2);
        to[len++] |= once_in(4) ? 8 : 0;
        if (rest > 127) {
            to[len++] = rest | 0x80;
            to[len++] = rest >> 7;
        } else {
            to[len++] = rest;
        }
        to[len++] = 0;
        to[len++] = topic;
        while (topic-- > 0) {
            to[len++] = 'a' + below(26);
        }
        if (qos) {
            uint32_t identifier = some_identifier();
            to[len++] = identifier >> 8;
            to[len++] = identifier;
        }
        while (message-- > 0) {
            to[len++] = below(256);
        }
    } else if (kind < 17) {
        uint32_t identifier = some_identifier();
        to[len++] = acknowledgements[below(7)];
        to[len++] = 2;
        to[len++] = identifier >> 8;
        to[len++] = identifier;
        if (to[0] == 0x90) {
            to[1] = 3;
            to[len++] = once_in(3) ? 0x80 : below(once_in(9) ? 9 : 3);
        }
    } else if (kind < 18) {
        to[len++] = 0x20;
        to[len++] = 2;
        to[len++] = below(once_in(9) ? 4 : 2);
        to[len++] = once_in(2) ? 0 : below(8);
    } else {
        to[len++] = 0xd0;
        to[len++] = 0;
    }
    if (once_in(40)) {
        to[below(len)] ^= 1 << below(8);
    }
    return len;
}

static size_t read_some(uint8_t *to, size_t most) {
    if (incoming_at == incoming_len) {
        incoming_len = put_packet(incoming);
        incoming_at = 0;
    }
    size_t count = incoming_len - incoming_at;
    if (count > most) {
        count = most;
    }
    if (count > 1 && once_in(3)) {
        count = 1 + below(count);
    }
    for (size_t at = 0; at < count; at++) {
        to[at] = incoming[incoming_at++];
    }
    return count;
}

// Operations

static void call(int depth);

static struct {
    uint32_t value[8];
    int count;
} held;

static uint8_t topic_memory[65536];

// What was held, and what was on its way, is gone with a connection.
static void forget_connection(void) {
    held.count = 0;
    incoming_at = incoming_len;
}

static void lose_connection(void) {
    umqtt_session_lost(&session);
    forget_connection();
}

// Writes the packet, of which the chunk is the first part. False when the program gives up in the middle.
static bool send(umqtt_operation_t *operation, umqtt_chunk_t *chunk, uint8_t *scratch, size_t scratch_len) {
    for (size_t position = 0;;) {
        see_bytes(chunk->bytes, chunk->len);
        see(chunk->packet_size);
        if (once_in(300)) {
            return false;
        }
        position += once_in(4) && chunk->len > 0 ? 1 + below(chunk->len) : chunk->len;
        if (position >= chunk->packet_size || chunk->len == 0) {
            return true;
        }
        umqtt_chunk(operation, position, &strings, scratch, scratch_len, chunk);
    }
}

static void see_session(void) {
    see(umqtt_session_patience(&session));
    see(umqtt_session_write_limit(&session));
    see(umqtt_session_has_room(&session) | umqtt_session_is_kept(&session) << 1);
    see(umqtt_session_next_identifier(&session, once_in(2) ? 65535 : below(9)));
    see(umqtt_session_holds(&session, some_identifier()));
    see(umqtt_session_has_time(&session, now - below(9000), now));
}

static void give_up(umqtt_operation_t *operation) {
    see(umqtt_abandon(operation, &session));
}

static void step(umqtt_operation_t *operation, umqtt_event_t *event) {
    event->now = later();
    umqtt_step(operation, &session, event);
}

static void start(umqtt_operation_t *operation, int depth);

// Does what an operation wants next, until it is over, or given up.
static void go_on(umqtt_operation_t *operation, int depth) {
    static uint8_t bytes[65536];
    uint8_t scratch[80];
    const umqtt_action_t *action = &operation->action;
    for (int steps = 0; steps < 60; steps++) {
        umqtt_event_t event = { .shown = { bytes, 0 } };
        see(action->kind);
        switch (action->kind) {
            case UMQTT_SEND: {
                umqtt_chunk_t chunk;
                size_t scratch_len = 1 + below(sizeof(scratch));
                umqtt_chunk(operation, 0, &strings, scratch, scratch_len, &chunk);
                if (!send(operation, &chunk, scratch, scratch_len)) {
                    give_up(operation);
                    return;
                }
                event.kind = UMQTT_SENT;
                break;
            }
            case UMQTT_READ: {
                see(action->target);
                see(action->offset);
                see(action->len);
                see(action->rest);
                see(umqtt_limit(operation, &session));
                if (once_in(30)) {
                    static const umqtt_event_kind_t others[] = { UMQTT_WOULD_BLOCK, UMQTT_WAITED_IN_VAIN, UMQTT_RECEIVED };
                    event.kind = others[below(3)];
                } else if (action->target != UMQTT_TO_HEADER && once_in(60)) {
                    event.kind = UMQTT_NO_MEMORY;
                } else if (once_in(900)) {
                    umqtt_session_give_up_message(&session, action->target == UMQTT_TO_MESSAGE && once_in(2) ? 1 : 0);
                    give_up(operation);
                    return;
                } else {
                    uint8_t *to = action->target == UMQTT_TO_TOPIC ? topic_memory + action->offset : bytes;
                    event.kind = UMQTT_RECEIVED;
                    event.count = read_some(to, action->len - action->offset);
                    if (action->target == UMQTT_TO_TOPIC) {
                        event.shown = (umqtt_string_t) { topic_memory, action->offset + event.count };
                    } else if (action->target == UMQTT_TO_HEADER) {
                        event.shown.len = event.count;
                    }
                }
                break;
            }
            case UMQTT_DELIVER:
                see(action->value);
                if (once_in(20)) {
                    give_up(operation);
                    return;
                }
                if (depth < DEPTH && once_in(2)) {
                    call(depth + 1);
                }
                event.kind = UMQTT_DELIVERED;
                break;
            case UMQTT_HOLD:
                if (held.count == 8) {
                    give_up(operation);
                    return;
                }
                held.value[held.count++] = see(action->value);
                event.kind = UMQTT_HELD;
                if (once_in(8)) {
                    held.value[held.count - 1] |= UMQTT_ONLY_TO_ACKNOWLEDGE;
                    event.kind = UMQTT_DELIVERED;
                }
                break;
            case UMQTT_WAIT: {
                umqtt_operation_t wait;
                if (once_in(40)) {
                    give_up(operation);
                    return;
                }
                umqtt_wait(&wait, depth > 0 && once_in(2));
                start(&wait, depth);
                event.kind = UMQTT_WAITED;
                break;
            }
            default:
                // It is over.
                if (action->kind == UMQTT_DONE || action->kind == UMQTT_CONNECT_REFUSED) {
                    see(action->value);
                }
                if (action->kind == UMQTT_MALFORMED || action->kind == UMQTT_PEER_CLOSED) {
                    lose_connection();
                }
                return;
        }
        if (once_in(2000)) {
            lose_connection();
        }
        step(operation, &event);
    }
    give_up(operation);
}

static void tell(umqtt_operation_t *operation, umqtt_event_kind_t kind, int depth) {
    umqtt_event_t event = { .kind = kind };
    step(operation, &event);
    go_on(operation, depth);
}

static void start(umqtt_operation_t *operation, int depth) {
    tell(operation, UMQTT_START, depth);
}

static uint32_t next_identifier(void) {
    return umqtt_session_next_identifier(&session, some_identifier());
}

static void publish(int depth) {
    umqtt_operation_t operation;
    uint8_t scratch[80];
    umqtt_chunk_t chunk = { scratch, 0, 0 };
    chunk.len = once_in(3) ? 0 : sizeof(scratch);
    umqtt_publish_t options = { 0 };
    options.qos = below(3);
    options.retain = below(2);
    options.now = later();
    if (options.qos != 0) {
        options.identifier = next_identifier();
    }
    if (see(umqtt_publish(&operation, &session, &strings, &options, &chunk)) != UMQTT_OK) {
        return;
    }
    if (chunk.len == 0) {
        start(&operation, depth);
    } else if (!send(&operation, &chunk, scratch, sizeof(scratch))) {
        give_up(&operation);
    } else if (options.qos == 0) {
        umqtt_published(&session, later());
    } else {
        tell(&operation, UMQTT_SENT, depth);
    }
}

static void connect(int depth) {
    umqtt_operation_t operation;
    umqtt_connect_t options = { 0 };
    options.clean_session = below(2);
    options.keep_alive = once_in(2) ? 0 : below(60);
    options.has_will = below(2);
    options.will_qos = below(3);
    options.will_retain = below(2);
    umqtt_session_begin(&session, options.clean_session);
    forget_connection();
    if (see(umqtt_connect(&operation, &strings, &options)) != UMQTT_OK) {
        return;
    }
    if (!once_in(8)) {
        incoming[0] = 0x20;
        incoming[1] = 2;
        incoming[2] = !options.clean_session && below(2);
        incoming[3] = once_in(6) ? below(6) : 0;
        incoming_len = 4;
        incoming_at = 0;
    }
    start(&operation, depth);
    if (once_in(2)) {
        for (size_t index = 0; index < UMQTT_IN_FLIGHT_MAX; index++) {
            if (see(umqtt_resend(&operation, &session, index)) != 0) {
                start(&operation, depth);
            }
        }
    }
}

static void take(int depth) {
    umqtt_operation_t operation;
    uint8_t packet[PACKET_MAX];
    if (incoming_at != incoming_len || !see(umqtt_session_take_quiet(&session, later()))) {
        return;
    }
    umqtt_string_t whole = { packet, 0 };
    whole.len = put_packet(packet);
    if (once_in(40)) {
        whole.len = 1 + below(whole.len);
    }
    umqtt_take(&operation, &session, whole, later());
    if (operation.action.kind == UMQTT_DELIVER) {
        see(operation.action.topic_len);
        see(operation.action.message);
    }
    go_on(&operation, depth);
}

// Calls a method, of a program's or of a callback's.
static void call(int depth) {
    umqtt_operation_t operation;
    uint32_t identifier, qos;
    choose_strings();
    switch (below(depth == 0 ? 20 : 12)) {
        case 0:
        case 1:
        case 2:
            publish(depth);
            break;
        case 3:
            identifier = next_identifier();
            if (see(umqtt_subscribe(&operation, &session, &strings, below(3), identifier)) == UMQTT_OK) {
                start(&operation, depth);
            }
            break;
        case 4:
            if (see(umqtt_unsubscribe(&operation, &session, &strings, next_identifier())) == UMQTT_OK) {
                start(&operation, depth);
            }
            break;
        case 5:
            umqtt_ping(&operation);
            start(&operation, depth);
            break;
        case 6:
        case 7:
            umqtt_wait(&operation, depth > 0 && once_in(2));
            start(&operation, depth);
            break;
        case 8:
            if (held.count > 0) {
                umqtt_deliver_held(&operation, held.value[0]);
                for (int at = 1; at < held.count; at++) {
                    held.value[at - 1] = held.value[at];
                }
                held.count--;
                start(&operation, depth);
            }
            break;
        case 9:
            identifier = some_identifier();
            qos = 1 + below(2);
            if (see(umqtt_resume(&operation, &session, qos, below(2), identifier))) {
                start(&operation, depth);
            }
            break;
        case 10:
            if (see(umqtt_make_room(&operation, &session)) == UMQTT_OK) {
                start(&operation, depth);
            }
            break;
        case 11:
            see_session();
            break;
        case 12:
        case 13:
        case 14:
        case 15:
            take(depth);
            break;
        case 16:
        case 17:
            if (once_in(4)) {
                connect(depth);
            }
            break;
        case 18:
            if (once_in(20)) {
                umqtt_disconnect(&operation);
                start(&operation, depth);
                lose_connection();
            }
            break;
        default:
            if (once_in(20)) {
                umqtt_session_replaced(&session);
                forget_connection();
            } else if (once_in(5)) {
                umqtt_session_set_time_limit(&session, once_in(2) ? 0 : below(9000));
            } else if (once_in(5)) {
                umqtt_session_forget(&session, some_identifier());
            }
    }
}

#if __XTENSA__

// The simulator's system calls 4, write, and 1, exit. The core starts at the section .reset.

static void print(const char *line, size_t len) {
    register int call __asm__("a2") = 4;
    register int file __asm__("a3") = 1;
    register const char *bytes __asm__("a4") = line;
    register size_t count __asm__("a5") = len;
    __asm__ volatile ("simcall" : "+r" (call), "+r" (file) : "r" (bytes), "r" (count) : "memory");
}

__asm__ (".section .reset, \"ax\"\n j _start\n .text\n .literal_position\n .global _start\n"
    "_start: movi a1, stack + 16384\n call0 main\n movi a3, 0\n movi a2, 1\n simcall\n");
static uint8_t stack[16384] __attribute__((aligned(16), used));

// What compilers call.

void *memset(void *to, int byte, size_t n) {
    for (uint8_t *at = to; n > 0; n--) {
        *at++ = byte;
    }
    return to;
}

void *memcpy(void *to, const void *from, size_t n) {
    const uint8_t *next = from;
    for (uint8_t *at = to; n > 0; n--) {
        *at++ = *next++;
    }
    return to;
}

#else

#include <stdio.h>

static void print(const char *line, size_t len) {
    fwrite(line, 1, len, stdout);
}

#endif

int main(void) {
    umqtt_session_init(&session);
    for (int lines = 0; lines < LINES; lines++) {
        for (int calls = 0; calls < CALLS; calls++) {
            call(0);
            see_session();
        }
        char line[9];
        for (int digit = 0; digit < 8; digit++) {
            line[digit] = "0123456789abcdef"[seen >> (28 - 4 * digit) & 15];
        }
        line[8] = '\n';
        print(line, sizeof(line));
    }
    return 0;
}
