/* fede capture: what its files share. */
#ifndef CLI_CAPTURE_H
#define CLI_CAPTURE_H

#include "cli/options.h"
#include "report/recorder.h"

struct capture_request {
    const char *interfaces[RECORDER_INTERFACES_MOST];
    size_t n_interfaces;
    const char *filter;          /* NULL: everything */
    int snap;
    bool promiscuous;
    uint64_t most_packets, most_bytes, most_us; /* 0: no limit */
};

struct capture_live;

/* Opens the interfaces. NULL: *code and why say why not. */
struct capture_live *capture_open(const struct capture_request *request, int *code, struct text *why);
/* Captures into the outputs (their interfaces need not be filled in) until a limit is reached, a signal came or nobody reads any
   more. What was captured is said on standard error when `say`. False: something could not be written. */
bool capture_go(struct capture_live *live, const struct recorder_options *outputs, bool say);
void capture_close(struct capture_live *live);
bool capture_list(struct text *why); /* interfaces, one a line on standard output */

/* Gives up whatever lets this process capture or be root. Files that are given become those of the user whose rights stay.
   False: why. */
bool privileges_drop(const char *user, const int *fds, size_t n_fds, struct text *why);

#endif
