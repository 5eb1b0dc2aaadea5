/*
 * The ROM's memory and string functions.
 *
 * memcpy, memset and memcmp use whole words where both addresses allow it, so that a copy of aligned words out of flash
 * is legal on the chip too.
 */
#include "rom.h"

static bool word_aligned(const void *a, const void *b) {
    return (((uint32_t)a | (uint32_t)b) & 3) == 0;
}

void *memcpy(void *to, const void *from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (word_aligned(to, from)) {
        for (; size >= 4; size -= 4, t += 4, f += 4) {
            *(uint32_t *)t = *(const uint32_t *)f;
        }
    }
    while (size-- > 0) {
        *t++ = *f++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size) {
    uint8_t *t = to;
    const uint8_t *f = from;
    if (t <= f || t >= f + size) {
        return memcpy(to, from, size);
    }
    while (size-- > 0) {
        t[size] = f[size];
    }
    return to;
}

void *memset(void *to, int value, size_t size) {
    uint8_t *t = to;
    uint32_t word = (uint8_t)value * 0x01010101u;
    if (word_aligned(to, to)) {
        for (; size >= 4; size -= 4, t += 4) {
            *(uint32_t *)t = word;
        }
    }
    while (size-- > 0) {
        *t++ = value;
    }
    return to;
}

void bzero(void *to, size_t size) {
    memset(to, 0, size);
}

int memcmp(const void *a, const void *b, size_t size) {
    const uint8_t *x = a, *y = b;
    for (; size > 0; size--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

size_t strlen(const char *s) {
    const char *end = s;
    while (*end != '\0') {
        end++;
    }
    return end - s;
}

int strncmp(const char *a, const char *b, size_t size) {
    for (; size > 0; size--, a++, b++) {
        if (*a != *b || *a == '\0') {
            return (uint8_t)*a - (uint8_t)*b;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b) {
    return strncmp(a, b, SIZE_MAX);
}

char *strcpy(char *to, const char *from) {
    memcpy(to, from, strlen(from) + 1);
    return to;
}

char *strncpy(char *to, const char *from, size_t size) {
    size_t i = 0;
    for (; i < size && from[i] != '\0'; i++) {
        to[i] = from[i];
    }
    for (; i < size; i++) {
        to[i] = '\0';
    }
    return to;
}

char *strstr(const char *s, const char *wanted) {
    size_t size = strlen(wanted);
    for (;; s++) {
        if (strncmp(s, wanted, size) == 0) {
            return (char *)s;
        }
        if (*s == '\0') {
            return NULL;
        }
    }
}
