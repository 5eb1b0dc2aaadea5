/*
 * The ROM's MD5 (RFC 1321), with which esp.check_fw() looks at the flash.
 */
#include "rom.h"

_Static_assert(sizeof(struct md5) == 88, "as large as MD5_CTX of MicroPython's etshal.h");

static uint32_t rotate_left(uint32_t value, int count) {
    return value << count | value >> (32 - count);
}

static void add_block(struct md5 *md5) {
    static const uint32_t constants[64] = {
        0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
        0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
        0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
        0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
        0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
        0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
        0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
        0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
    };
    static const uint8_t rotations[16] = { 7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21 };
    const uint32_t *words = (const uint32_t *)md5->block;
    uint32_t a = md5->state[0], b = md5->state[1], c = md5->state[2], d = md5->state[3];
    for (int i = 0; i < 64; i++) {
        uint32_t mixed;
        int word;
        switch (i / 16) {
            case 0:
                mixed = (b & c) | (~b & d);
                word = i;
                break;
            case 1:
                mixed = (b & d) | (c & ~d);
                word = 5 * i + 1;
                break;
            case 2:
                mixed = b ^ c ^ d;
                word = 3 * i + 5;
                break;
            default:
                mixed = c ^ (b | ~d);
                word = 7 * i;
        }
        uint32_t next = b + rotate_left(a + mixed + constants[i] + words[word % 16], rotations[i / 16 * 4 + i % 4]);
        a = d;
        d = c;
        c = b;
        b = next;
    }
    md5->state[0] += a;
    md5->state[1] += b;
    md5->state[2] += c;
    md5->state[3] += d;
}

void MD5Init(struct md5 *md5) {
    *md5 = (struct md5) { .state = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 } };
}

void MD5Update(struct md5 *md5, const void *data, unsigned size) {
    const uint8_t *from = data;
    while (size > 0) {
        unsigned used = md5->length % sizeof(md5->block);
        unsigned part = size < sizeof(md5->block) - used ? size : sizeof(md5->block) - used;
        memcpy(md5->block + used, from, part);
        md5->length += part;
        from += part;
        size -= part;
        if (used + part == sizeof(md5->block)) {
            add_block(md5);
        }
    }
}

void MD5Final(uint8_t *digest, struct md5 *md5) {
    static const uint8_t padding[64] = { 0x80 };
    uint32_t bits[2] = { md5->length << 3, md5->length >> 29 };
    MD5Update(md5, padding, (55 - md5->length) % 64 + 1);
    MD5Update(md5, bits, sizeof(bits));
    memcpy(digest, md5->state, 16);
}
