/* Content and certificates of connections as files of a folder (fede explain --export). */
#ifndef REPORT_EXPORT_H
#define REPORT_EXPORT_H

#include <stdio.h>

#include "explain/dissection.h"

struct export_folder {
    int fd; /* of the folder */
    const char *path;
    bool overwrite, bodies, certificates;
    FILE *out; /* where each file that was written is named; NULL: nowhere */
    unsigned written, refused, failed;
};

/* Opens the folder, makes it if need be. False: errno says why not. */
bool export_open(struct export_folder *folder, const char *path);
void export_close(struct export_folder *folder);

struct exporter; /* of one connection */
struct exporter *exporter_new(struct export_folder *folder, unsigned connection);
void exporter_data(struct exporter *x, uint8_t from, bool protects, bytes data, uint64_t at_us);
/* The connection is over: certificates, what is open; frees. d may be NULL. */
void exporter_end(struct exporter *x, const struct dissection *d);

/* A file name made of what a peer said: letters, digits, ". _ -" only, no leading dot, never empty, at most size - 1 bytes. */
void export_name(bytes said, char *out, size_t size);

#endif
