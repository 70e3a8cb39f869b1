/* The stories of the connections in capture files: told by an onlooker, who is neither side. */
#ifndef REPORT_ONLOOKER_H
#define REPORT_ONLOOKER_H

#include "report/export.h"
#include "report/follow.h"
#include "report/live.h"
#include "report/select.h"

struct onlooker_request {
    const char *const *files; /* captures; "-" is standard input */
    size_t n_files;
    const char *const *keylogs;
    size_t n_keylogs;
    const char *const *rsa_keys; /* files with servers' private keys */
    size_t n_rsa_keys;
    const char *const *psks;     /* "HEX" or "IDENTITY:HEX" */
    size_t n_psks;
    const char *const *ticket_keys; /* files with the roots of fede's ticket keys */
    size_t n_ticket_keys;
    fede_trust *trust;        /* chains are judged by it; NULL: they are not */
    fede_ct_logs *ct_logs;    /* NULL: timestamps are not looked at */
    int64_t judged_at;        /* seconds since 1970; 0: the time of the packets */
    unsigned only;            /* number of the one connection to tell; 0: all */
    unsigned most;            /* how many connections are read, the first ones; 0: all */
    uint64_t memory;          /* bytes; above it the connections longest silent are given up */
    bool progress;            /* on standard error, for work of more than a second */
    const struct select_options *select; /* NULL: everything is shown */
    struct report_options report;
    struct report_options page; /* --report: the stories go into this page too; out NULL: none */
    unsigned follow;          /* only the conversation of that connection; 0: the stories */
    enum follow_form follow_form;
    struct export_folder *folder; /* content and certificates go there too; NULL: nowhere */
    bool live;                /* the one file is live_fd, and is told while it is written: in one pass */
    int live_fd;
    bool live_keys;           /* its secrets blocks stand before what they open */
    const char *command;      /* for messages on standard error: "fede explain" */
};

enum onlooker_outcome {
    ONLOOKER_DONE,
    ONLOOKER_FAILED,        /* no memory, or the output can't be written */
    ONLOOKER_UNREADABLE,    /* a file can't be opened, or is no capture */
    ONLOOKER_NOTHING,       /* no TLS, or not the connection asked for */
    ONLOOKER_CONTRADICTION, /* a signature, verify_data or tag is wrong */
    ONLOOKER_UNWRITTEN,     /* files were to be written and exist, or could not be */
    ONLOOKER_INCOMPLETE     /* cut file, lost data, or keys were given and did not open everything */
};

/* Tells all; problems with files go to standard error as they are met. why: what the outcome means here, one line. */
enum onlooker_outcome onlooker_tell(const struct onlooker_request *request, char *why, size_t size);

#endif
