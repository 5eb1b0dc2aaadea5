/*
 * The ROM's printf: %c %s %d %u %x %p with a width, a leading 0 and the length l.
 */
#include "rom.h"

static void (*put_char)(char);

void ets_install_putc1(void (*put)(char)) {
    put_char = put;
}

static void put_number(void (*put)(char), uint32_t value, uint32_t base, int width, char fill) {
    char digits[11];
    int count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    for (; width > count; width--) {
        put(fill);
    }
    while (count > 0) {
        put(digits[--count]);
    }
}

int ets_vprintf(void (*put)(char), const char *format, va_list arguments) {
    for (; *format != '\0'; format++) {
        if (*format != '%') {
            put(*format);
            continue;
        }
        format++;
        char fill = *format == '0' ? '0' : ' ';
        int width = 0;
        for (; (*format >= '0' && *format <= '9') || *format == 'l'; format++) {
            if (*format != 'l') {
                width = 10 * width + *format - '0';
            }
        }
        switch (*format) {
            case 'c':
                put(va_arg(arguments, int));
                break;
            case 's':
                for (const char *s = va_arg(arguments, const char *); *s != '\0'; s++) {
                    put(*s);
                }
                break;
            case 'd': {
                int value = va_arg(arguments, int);
                if (value < 0) {
                    put('-');
                }
                put_number(put, value < 0 ? -(uint32_t)value : (uint32_t)value, 10, width, fill);
                break;
            }
            case 'u':
                put_number(put, va_arg(arguments, unsigned), 10, width, fill);
                break;
            case 'x':
            case 'p':
                put_number(put, va_arg(arguments, unsigned), 16, width, fill);
                break;
            case '\0':
                return 0;
            default:
                put(*format);
        }
    }
    return 0;
}

static void put_installed(char c) {
    if (put_char != NULL) {
        put_char(c);
    }
}

int ets_printf(const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    ets_vprintf(put_installed, format, arguments);
    va_end(arguments);
    return 0;
}

// ets_vprintf's way to a string
static char *line_end;

static void put_in_line(char c) {
    *line_end++ = c;
}

void format_line(char *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    line_end = line;
    ets_vprintf(put_in_line, format, arguments);
    va_end(arguments);
    *line_end = '\0';
}
