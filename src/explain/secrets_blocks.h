/* A capture copied with secrets put in or taken out, otherwise block by block as it is. */
#ifndef EXPLAIN_SECRETS_BLOCKS_H
#define EXPLAIN_SECRETS_BLOCKS_H

#include <stdio.h>

#include "explain/input.h"

struct blocks_copied {
    uint64_t packets, secrets; /* secrets: blocks that were in it */
    bool pcap;                 /* it was pcap, and is pcapng now */
    const char *problem;       /* NULL: copied to its end. Static text; what came before problem_at is in the copy */
    uint64_t problem_at;
};

/* lines: a key log for the first section, none when empty. strip: secrets blocks are left out. The copy of a pcap file is
   pcapng, made by application ("fede 1.0"). False: it is no capture, and nothing was written; whether writing went well says ferror. */
bool secrets_blocks_copy(struct input *input, FILE *out, const char *application, bytes lines, bool strip,
                         struct blocks_copied *copied);

#endif
