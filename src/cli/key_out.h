/* The key log that fede connect and fede serve append to (RFC 9850). */
#ifndef CLI_KEY_OUT_H
#define CLI_KEY_OUT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/text.h"
#include "fede/fede.h"

struct key_out {
    int fd;           /* -1: none */
    const char *path; /* borrowed */
    atomic_bool torn; /* the last line did not come out whole */
    atomic_bool told;
};

/* Opens it, for its owner alone when it is new. 0, or errno. */
int key_out_open(struct key_out *k, const char *path);
void key_out_close(struct key_out *k);
/* The event's line, when it has one. From any thread. False once, the first time that a line can't be written; why says what
   is in the way. The connection is none the worse for it. */
bool key_out_add(struct key_out *k, const fede_event *event, struct text *why);

#endif
