/* Captures written as pcapng (draft-ietf-opsawg-pcapng): the blocks that fede makes. Each call writes one whole block; whether
   all went well is known from ferror of the file. */
#ifndef EXPLAIN_PCAPNG_H
#define EXPLAIN_PCAPNG_H

#include <stdio.h>

#include "explain/linklayer.h"

struct pcapng {
    FILE *file;
    bool big; /* numbers are big-endian: to go on in a section that began so */
};

void pcapng_section(const struct pcapng *p, const char *application);
/* nano: times are given in nanoseconds, else in microseconds. name, filter: NULL when there is none. */
void pcapng_interface(const struct pcapng *p, uint16_t link, uint32_t snap, const char *name, const char *filter, bool nano);
/* at: since 1970 in the interface's unit. */
void pcapng_packet(const struct pcapng *p, uint32_t interface, uint64_t at, bytes data, uint32_t wire_len);
/* Lines of a key log. */
void pcapng_secrets(const struct pcapng *p, bytes lines);
/* The name of an address (a name resolution block of one record). */
void pcapng_name(const struct pcapng *p, const struct address *address, const char *name);
/* Packets taken and lost since the interface was opened; at in microseconds. */
void pcapng_statistics(const struct pcapng *p, uint32_t interface, uint64_t at_us, uint64_t received, uint64_t dropped);

#endif
