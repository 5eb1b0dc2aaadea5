/*
 * The ROM's floating point: IEEE 754 single and double, round to nearest even, subnormals included.
 *
 * Names and meanings: libgcc's (GCC Internals, "Soft float library routines"). Both formats are unpacked to one form,
 * computed in it and packed again. The functions take and give the numbers' bits: in the call0 ABI they travel in the
 * same registers.
 */
#include <stdint.h>

enum kind { ZERO, FINITE, INFINITE, NOT_A_NUMBER };

// FINITE: significand * 2^(exponent - 62); bit 62 of the significand is set, bit 63 clear.
struct number {
    enum kind kind;
    int negative;
    int exponent;
    uint64_t significand;
};

struct format {
    int fraction_bits;
    int exponent_bits;
};

static const struct format single_format = { 23, 8 };
static const struct format double_format = { 52, 11 };

static int exponent_maximum(const struct format *format) {
    return (1 << format->exponent_bits) - 1;
}

static struct number normalized(int negative, int exponent, uint64_t significand) {
    if (significand == 0) {
        return (struct number) { ZERO, negative, 0, 0 };
    }
    if (significand >> 63) {
        significand = significand >> 1 | (significand & 1);
        exponent++;
    }
    while (!(significand >> 62)) {
        significand <<= 1;
        exponent--;
    }
    return (struct number) { FINITE, negative, exponent, significand };
}

static struct number unpack(uint64_t bits, const struct format *format) {
    int bias = exponent_maximum(format) >> 1;
    int negative = bits >> (format->fraction_bits + format->exponent_bits) & 1;
    int exponent = bits >> format->fraction_bits & exponent_maximum(format);
    uint64_t fraction = bits & ((1ull << format->fraction_bits) - 1);
    if (exponent == exponent_maximum(format)) {
        return (struct number) { fraction == 0 ? INFINITE : NOT_A_NUMBER, negative, 0, fraction };
    }
    if (exponent == 0) {
        return normalized(negative, 1 - bias + 62 - format->fraction_bits, fraction);
    }
    return normalized(negative, exponent - bias + 62 - format->fraction_bits, fraction | 1ull << format->fraction_bits);
}

// Shifts right; a bit that falls out leaves a mark in the lowest one.
static uint64_t shift_right_sticky(uint64_t value, int count) {
    if (count >= 64) {
        return value != 0;
    }
    return count == 0 ? value : value >> count | ((value & ((1ull << count) - 1)) != 0);
}

static uint64_t pack(struct number n, const struct format *format) {
    int maximum = exponent_maximum(format);
    uint64_t sign = (uint64_t)n.negative << (format->fraction_bits + format->exponent_bits);
    uint64_t infinity = (uint64_t)maximum << format->fraction_bits;
    switch (n.kind) {
        case ZERO:
            return sign;
        case INFINITE:
            return sign | infinity;
        case NOT_A_NUMBER:
            return infinity | 1ull << (format->fraction_bits - 1);
        case FINITE:
            break;
    }
    int exponent = n.exponent + (maximum >> 1);
    if (exponent >= maximum) {
        return sign | infinity;
    }
    uint64_t significand = n.significand;
    if (exponent <= 0) {
        significand = shift_right_sticky(significand, 1 - exponent);
        exponent = 0;
    }
    int dropped = 62 - format->fraction_bits;
    uint64_t half = 1ull << (dropped - 1);
    uint64_t rest = significand & ((1ull << dropped) - 1);
    uint64_t result = significand >> dropped;
    if (rest > half || (rest == half && result & 1)) {
        result++;
    }
    // The hidden bit, and a carry out of the fraction, add one to the exponent, up to infinity.
    if (exponent > 0) {
        exponent--;
    }
    return sign | (((uint64_t)exponent << format->fraction_bits) + result);
}

static const struct number not_a_number = { NOT_A_NUMBER, 0, 0, 0 };

static struct number add(struct number a, struct number b) {
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER) {
        return not_a_number;
    }
    if (a.kind == INFINITE || b.kind == INFINITE) {
        if (a.kind == b.kind && a.negative != b.negative) {
            return not_a_number;
        }
        return a.kind == INFINITE ? a : b;
    }
    if (a.kind == ZERO || b.kind == ZERO) {
        if (a.kind == b.kind) {
            a.negative &= b.negative;
        }
        return a.kind == ZERO && b.kind != ZERO ? b : a;
    }
    if (a.exponent < b.exponent || (a.exponent == b.exponent && a.significand < b.significand)) {
        struct number swap = a;
        a = b;
        b = swap;
    }
    uint64_t smaller = shift_right_sticky(b.significand, a.exponent - b.exponent);
    if (a.negative == b.negative) {
        return normalized(a.negative, a.exponent, a.significand + smaller);
    }
    struct number difference = normalized(a.negative, a.exponent, a.significand - smaller);
    if (difference.kind == ZERO) {
        difference.negative = 0;
    }
    return difference;
}

static struct number negated(struct number a) {
    a.negative = !a.negative;
    return a;
}

// The upper 64 bits of a 128-bit product; the lower leave a mark
static uint64_t multiply_high_sticky(uint64_t a, uint64_t b) {
    uint64_t a_low = (uint32_t)a, a_high = a >> 32, b_low = (uint32_t)b, b_high = b >> 32;
    uint64_t low = a_low * b_low;
    uint64_t middle = a_high * b_low + (low >> 32);
    uint64_t middle2 = a_low * b_high + (uint32_t)middle;
    uint64_t high = a_high * b_high + (middle >> 32) + (middle2 >> 32);
    return high | ((uint32_t)middle2 != 0 || (uint32_t)low != 0);
}

static struct number multiply(struct number a, struct number b) {
    int negative = a.negative ^ b.negative;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER ||
        (a.kind == INFINITE && b.kind == ZERO) || (a.kind == ZERO && b.kind == INFINITE)) {
        return not_a_number;
    }
    if (a.kind != FINITE || b.kind != FINITE) {
        enum kind kind = a.kind == INFINITE || b.kind == INFINITE ? INFINITE : ZERO;
        return (struct number) { kind, negative, 0, 0 };
    }
    return normalized(negative, a.exponent + b.exponent + 2, multiply_high_sticky(a.significand, b.significand));
}

static struct number divide(struct number a, struct number b) {
    int negative = a.negative ^ b.negative;
    if (a.kind == NOT_A_NUMBER || b.kind == NOT_A_NUMBER || (a.kind == b.kind && a.kind != FINITE)) {
        return not_a_number;
    }
    if (a.kind != FINITE || b.kind != FINITE) {
        enum kind kind = a.kind == INFINITE || b.kind == ZERO ? INFINITE : ZERO;
        return (struct number) { kind, negative, 0, 0 };
    }
    // 62 bits of quotient, bit by bit
    uint64_t remainder = a.significand, quotient = 0;
    for (int i = 0; i < 62; i++) {
        quotient <<= 1;
        if (remainder >= b.significand) {
            remainder -= b.significand;
            quotient |= 1;
        }
        remainder <<= 1;
    }
    return normalized(negative, a.exponent - b.exponent + 1, quotient | (remainder != 0));
}

static struct number from_integer(int negative, uint32_t magnitude) {
    return normalized(negative, 62, magnitude);
}

// Towards zero; saturates.
static uint32_t to_unsigned(struct number n) {
    if (n.kind != FINITE || n.exponent < 0) {
        return n.kind == INFINITE ? ~0u : 0;
    }
    return n.exponent > 31 ? ~0u : (uint32_t)(n.significand >> (62 - n.exponent));
}

#define SINGLE(bits) unpack(bits, &single_format)
#define DOUBLE(bits) unpack(bits, &double_format)

uint32_t __addsf3(uint32_t a, uint32_t b) {
    return pack(add(SINGLE(a), SINGLE(b)), &single_format);
}

uint32_t __subsf3(uint32_t a, uint32_t b) {
    return pack(add(SINGLE(a), negated(SINGLE(b))), &single_format);
}

uint32_t __mulsf3(uint32_t a, uint32_t b) {
    return pack(multiply(SINGLE(a), SINGLE(b)), &single_format);
}

uint64_t __adddf3(uint64_t a, uint64_t b) {
    return pack(add(DOUBLE(a), DOUBLE(b)), &double_format);
}

uint64_t __subdf3(uint64_t a, uint64_t b) {
    return pack(add(DOUBLE(a), negated(DOUBLE(b))), &double_format);
}

uint64_t __muldf3(uint64_t a, uint64_t b) {
    return pack(multiply(DOUBLE(a), DOUBLE(b)), &double_format);
}

uint64_t __divdf3(uint64_t a, uint64_t b) {
    return pack(divide(DOUBLE(a), DOUBLE(b)), &double_format);
}

uint64_t __extendsfdf2(uint32_t a) {
    return pack(SINGLE(a), &double_format);
}

uint32_t __truncdfsf2(uint64_t a) {
    return pack(DOUBLE(a), &single_format);
}

uint32_t __floatunsisf(uint32_t a) {
    return pack(from_integer(0, a), &single_format);
}

uint32_t __floatsisf(int32_t a) {
    return pack(from_integer(a < 0, a < 0 ? -(uint32_t)a : (uint32_t)a), &single_format);
}

uint64_t __floatunsidf(uint32_t a) {
    return pack(from_integer(0, a), &double_format);
}

uint64_t __floatsidf(int32_t a) {
    return pack(from_integer(a < 0, a < 0 ? -(uint32_t)a : (uint32_t)a), &double_format);
}

uint32_t __fixunssfsi(uint32_t a) {
    struct number n = SINGLE(a);
    return n.negative ? 0 : to_unsigned(n);
}

uint32_t __fixunsdfsi(uint64_t a) {
    struct number n = DOUBLE(a);
    return n.negative ? 0 : to_unsigned(n);
}

int32_t __fixdfsi(uint64_t a) {
    struct number n = DOUBLE(a);
    uint32_t magnitude = to_unsigned(n);
    uint32_t limit = n.negative ? 0x80000000u : 0x7fffffffu;
    magnitude = magnitude > limit ? limit : magnitude;
    return n.negative ? -magnitude : magnitude;
}
