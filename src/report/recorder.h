/* Packets as they are captured, written as pcapng: into files, one after the other, and into a pipe for whoever tells their
   story. Secrets stand before the packets that they open, and names of addresses behind the DNS answers that gave them. */
#ifndef REPORT_RECORDER_H
#define REPORT_RECORDER_H

#include <stdio.h>

#include "base/bytes.h"

enum { RECORDER_INTERFACES_MOST = 16, RECORDER_FILES_MOST = 64 };

struct recorder_options {
    struct recorder_interface {
        const char *name, *filter; /* filter: NULL when there is none */
        uint16_t link;             /* LINKTYPE_ number */
        uint32_t snap;
        bool nano;                 /* its times are in nanoseconds, else in microseconds */
    } interfaces[RECORDER_INTERFACES_MOST];
    size_t n_interfaces;
    FILE *live;                    /* NULL: nobody listens */
    FILE *files[RECORDER_FILES_MOST]; /* a ring when there are several */
    size_t n_files;
    uint64_t file_bytes, file_us;  /* the next file is begun after so much; 0: never */
    int keylog;                    /* a key log that grows; -1: none */
    unsigned hold_ms;              /* packets wait so long for their secrets */
};

struct recorded {
    uint64_t packets, bytes, secrets, names; /* packets: also those that wait; bytes: of the files */
    unsigned files;                          /* begun */
};

struct recorder;
struct recorder *recorder_new(const struct recorder_options *options); /* NULL without memory */
void recorder_packet(struct recorder *r, uint32_t interface, uint64_t at, bytes data, uint32_t wire_len, uint64_t now_us);
/* Looks for new secrets and writes what has waited long enough, or all. False: an output can't be written, or memory ends. */
bool recorder_tick(struct recorder *r, uint64_t now_us, bool all);
/* What the system says of an interface, when all is over. */
void recorder_statistics(struct recorder *r, uint32_t interface, uint64_t at_us, uint64_t received, uint64_t dropped);
struct recorded recorder_counts(const struct recorder *r);
void recorder_free(struct recorder *r); /* the streams stay open */

#endif
