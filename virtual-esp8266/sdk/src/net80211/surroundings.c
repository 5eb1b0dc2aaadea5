// See surroundings.h.
#include "surroundings.h"

// Takes one word, up to a tab or the line's end, and returns what follows; a word that is too long is cut.
static const char *take_word(const char *text, char *word, size_t size) {
    size_t length = 0;
    for (; *text != '\t' && *text != '\n' && *text != '\0'; text++) {
        if (length + 1 < size) {
            word[length++] = *text;
        }
    }
    word[length] = '\0';
    return *text == '\t' ? text + 1 : text;
}

static const char *next_line(const char *text) {
    while (*text != '\n' && *text != '\0') {
        text++;
    }
    return *text == '\n' ? text + 1 : text;
}

static int hex_digit(char c) {
    return c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10;
}

static void parse_access_point(const char *line, struct access_point *ap) {
    char word[18];
    line = take_word(line, (char *)ap->ssid, sizeof(ap->ssid));
    line = take_word(line, (char *)ap->password, sizeof(ap->password));
    line = take_word(line, word, sizeof(word));
    ap->channel = atoi(word);
    line = take_word(line, word, sizeof(word));
    ap->rssi = word[0] == '-' ? -atoi(word + 1) : atoi(word);
    take_word(line, word, sizeof(word));
    for (int i = 0; i < 6; i++) {
        ap->bssid[i] = hex_digit(word[3 * i]) << 4 | hex_digit(word[3 * i + 1]);
    }
}

bool surroundings_access_point(int number, struct access_point *ap) {
    char word[8];
    for (const char *line = virtual_board_surroundings(); *line != '\0'; line = next_line(line)) {
        const char *rest = take_word(line, word, sizeof(word));
        if (ets_strcmp(word, "ap") == 0 && number-- == 0) {
            parse_access_point(rest, ap);
            return true;
        }
    }
    return false;
}

bool surroundings_find_access_point(const uint8_t *ssid, struct access_point *ap) {
    for (int i = 0; surroundings_access_point(i, ap); i++) {
        if (ets_strncmp((const char *)ap->ssid, (const char *)ssid, 32) == 0) {
            return true;
        }
    }
    return false;
}

err_t surroundings_find_host(const char *name, size_t name_length, ip_addr_t *address, u8_t type) {
    (void)name_length;
    (void)type;
    char word[64];
    for (const char *line = virtual_board_surroundings(); *line != '\0'; line = next_line(line)) {
        const char *rest = take_word(line, word, sizeof(word));
        if (ets_strcmp(word, "host") != 0) {
            continue;
        }
        rest = take_word(rest, word, sizeof(word));
        if (ets_strcmp(word, name) == 0) {
            take_word(rest, word, sizeof(word));
            return ipaddr_aton(word, address) ? ERR_OK : ERR_ARG;
        }
    }
    return ERR_ARG;
}
