/*
 * The ROM's integer arithmetic: the chip multiplies 32 bits and divides not at all.
 *
 * Names and meanings: libgcc's (GCC Internals, "Integer library routines"). Division by zero gives all ones, and the
 * dividend as remainder. Nothing here may divide, or multiply 64 bits, or it would call itself.
 */
#include <stdint.h>

typedef struct {
    uint32_t quotient, remainder;
} divided32;

typedef struct {
    uint64_t quotient, remainder;
} divided64;

static divided32 divide32(uint32_t dividend, uint32_t divisor) {
    if (divisor == 0) {
        return (divided32) { ~0u, dividend };
    }
    uint32_t quotient = 0;
    int shift = dividend < divisor ? 0 : __builtin_clz(divisor) - __builtin_clz(dividend);
    for (divisor <<= shift; shift >= 0; shift--, divisor >>= 1) {
        quotient <<= 1;
        if (dividend >= divisor) {
            dividend -= divisor;
            quotient |= 1;
        }
    }
    return (divided32) { quotient, dividend };
}

static int leading_zeros64(uint64_t value) {
    uint32_t high = value >> 32;
    return high != 0 ? __builtin_clz(high) : 32 + __builtin_clz((uint32_t)value);
}

static divided64 divide64(uint64_t dividend, uint64_t divisor) {
    if (divisor == 0) {
        return (divided64) { ~0ull, dividend };
    }
    if (dividend >> 32 == 0 && divisor >> 32 == 0) {
        divided32 result = divide32(dividend, divisor);
        return (divided64) { result.quotient, result.remainder };
    }
    uint64_t quotient = 0;
    int shift = dividend < divisor ? 0 : leading_zeros64(divisor) - leading_zeros64(dividend);
    for (divisor <<= shift; shift >= 0; shift--, divisor >>= 1) {
        quotient <<= 1;
        if (dividend >= divisor) {
            dividend -= divisor;
            quotient |= 1;
        }
    }
    return (divided64) { quotient, dividend };
}

uint32_t __udivsi3(uint32_t a, uint32_t b) {
    return divide32(a, b).quotient;
}

uint32_t __umodsi3(uint32_t a, uint32_t b) {
    return divide32(a, b).remainder;
}

static uint32_t magnitude32(int32_t a) {
    return a < 0 ? -(uint32_t)a : (uint32_t)a;
}

int32_t __divsi3(int32_t a, int32_t b) {
    uint32_t quotient = divide32(magnitude32(a), magnitude32(b)).quotient;
    return (a < 0) != (b < 0) ? -quotient : quotient;
}

int32_t __modsi3(int32_t a, int32_t b) {
    uint32_t remainder = divide32(magnitude32(a), magnitude32(b)).remainder;
    return a < 0 ? -remainder : remainder;
}

// 32 by 32 bits to 64, in pieces of 16
uint64_t __umulsidi3(uint32_t a, uint32_t b) {
    uint32_t a_low = a & 0xffff, a_high = a >> 16, b_low = b & 0xffff, b_high = b >> 16;
    uint32_t low = a_low * b_low;
    uint32_t middle = a_high * b_low + (low >> 16);
    uint32_t middle2 = a_low * b_high + (middle & 0xffff);
    uint32_t high = a_high * b_high + (middle >> 16) + (middle2 >> 16);
    return (uint64_t)high << 32 | (middle2 << 16 | (low & 0xffff));
}

uint64_t __muldi3(uint64_t a, uint64_t b) {
    uint32_t a_low = a, a_high = a >> 32, b_low = b, b_high = b >> 32;
    uint64_t product = __umulsidi3(a_low, b_low);
    return product + ((uint64_t)(a_high * b_low + a_low * b_high) << 32);
}

uint64_t __udivdi3(uint64_t a, uint64_t b) {
    return divide64(a, b).quotient;
}

uint64_t __umoddi3(uint64_t a, uint64_t b) {
    return divide64(a, b).remainder;
}

static uint64_t magnitude64(int64_t a) {
    return a < 0 ? -(uint64_t)a : (uint64_t)a;
}

int64_t __divdi3(int64_t a, int64_t b) {
    uint64_t quotient = divide64(magnitude64(a), magnitude64(b)).quotient;
    return (a < 0) != (b < 0) ? -quotient : quotient;
}
