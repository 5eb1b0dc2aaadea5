// The files that scripts can import: a table in memory, outside the
// interpreter's heap. Folders exist in so far as files lie in them.

#include <stdlib.h>
#include <string.h>

#include "py/builtin.h"
#include "py/lexer.h"
#include "py/mperrno.h"
#include "py/runtime.h"

#include "host_internal.h"

typedef struct _file_t {
    struct _file_t *next;
    char *path;
    char *contents;
    size_t len;
} file_t;

static file_t *files;

static char *copy(const char *data, size_t len) {
    char *text = malloc(len + 1);
    if (text == NULL) {
        abort();
    }
    memcpy(text, data, len);
    text[len] = '\0';
    return text;
}

static file_t *find(const char *path) {
    file_t *file = files;
    while (file != NULL && strcmp(file->path, path) != 0) {
        file = file->next;
    }
    return file;
}

void host_add_file(const char *path, size_t path_len, const char *contents, size_t contents_len) {
    char *name = copy(path, path_len);
    file_t *file = find(name);
    if (file != NULL) {
        free(name);
        free(file->contents);
    } else {
        file = calloc(1, sizeof(*file));
        if (file == NULL) {
            abort();
        }
        file->path = name;
        file->next = files;
        files = file;
    }
    file->contents = copy(contents, contents_len);
    file->len = contents_len;
}

void host_files_clear(void) {
    while (files != NULL) {
        file_t *file = files;
        files = file->next;
        free(file->path);
        free(file->contents);
        free(file);
    }
}

mp_import_stat_t mp_import_stat(const char *path) {
    if (find(path) != NULL) {
        return MP_IMPORT_STAT_FILE;
    }
    size_t len = strlen(path);
    for (const file_t *file = files; file != NULL; file = file->next) {
        if (strncmp(file->path, path, len) == 0 && file->path[len] == '/') {
            return MP_IMPORT_STAT_DIR;
        }
    }
    return MP_IMPORT_STAT_NO_EXIST;
}

mp_lexer_t *mp_lexer_new_from_file(qstr path) {
    const file_t *file = find(qstr_str(path));
    if (file == NULL) {
        mp_raise_OSError(MP_ENOENT);
    }
    return mp_lexer_new_from_str_len(path, file->contents, file->len, 0);
}

// open(): no file can be opened, only imported.
static mp_obj_t host_open(size_t n_args, const mp_obj_t *args, mp_map_t *kwargs) {
    (void)n_args;
    (void)kwargs;
    mp_raise_OSError_with_filename(MP_ENOENT, mp_obj_str_get_str(args[0]));
}
MP_DEFINE_CONST_FUN_OBJ_KW(mp_builtin_open_obj, 1, host_open);
