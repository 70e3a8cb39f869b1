/* Files that exist as long as this process, for code that opens what it reads by name. */
#ifndef FUZZ_MEMFILE_H
#define FUZZ_MEMFILE_H

#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include "fuzz/want.h"

struct memfile {
    FILE *file;
    char name[64];
};

/* Holds these bytes now, whatever it held before. */
static inline const char *memfile_with(struct memfile *m, const uint8_t *data, size_t size)
{
    if (m->file == NULL) {
        m->file = tmpfile();
        want(m->file != NULL);
        snprintf(m->name, sizeof m->name, "/dev/fd/%d", fileno(m->file));
    }
    int fd = fileno(m->file);
    want(ftruncate(fd, 0) == 0 && pwrite(fd, data, size, 0) == (ssize_t)size && lseek(fd, 0, SEEK_SET) == 0);
    return m->name;
}

#endif
