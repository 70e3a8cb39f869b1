/* cli/capture_live.c: packets from the system, by libpcap (pcap(3PCAP)), handed to the recorder.

   All interfaces are waited on at once; every tick secrets are looked for and packets written that have waited for them. The
   loop ends in order at SIGINT, SIGTERM, a limit, or when whoever reads the story goes away. */
#include <errno.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/capture.h"
#include "cli/output.h"

enum { TICK_MS = 50, BATCH = 1000, BUFFER = 8 << 20, SNAP = 262144 };
enum { DLT_OF_RAW = 12, DLT_OF_RAW_BSD = 14, LINK_RAW = 101 };

struct capture_live {
    const struct capture_request *request;
    pcap_t *interfaces[RECORDER_INTERFACES_MOST];
    struct recorder_options options;
    struct recorder *recorder;
};

struct source { /* what a packet's callback needs */
    struct capture_live *live;
    uint32_t interface;
    uint64_t now_us;
};

static volatile sig_atomic_t stopped;

static pcap_t *open_one(const struct capture_request *request, const char *name, int *code, struct text *why);
static void refused(const char *name, int status, const char *detail, int *code, struct text *why);
static bool take(struct capture_live *live);
static bool over(const struct capture_live *live, uint64_t since_us);
static void packet(u_char *user, const struct pcap_pkthdr *head, const u_char *data);
static void stop(int signal);
static void finish(struct capture_live *live, bool say);

struct capture_live *capture_open(const struct capture_request *request, int *code, struct text *why)
{
    struct capture_live *live = calloc(1, sizeof *live);
    *code = EXIT_INTERNAL;
    if (live == NULL) {
        text_add(why, "no memory left");
        return NULL;
    }
    live->request = request;
    live->options.n_interfaces = request->n_interfaces;
    for (size_t i = 0; i < request->n_interfaces; i++) {
        pcap_t *p = live->interfaces[i] = open_one(request, request->interfaces[i], code, why);
        if (p == NULL) {
            capture_close(live);
            return NULL;
        }
        int link = pcap_datalink(p);
        live->options.interfaces[i] = (struct recorder_interface){
            .name = request->interfaces[i],
            .filter = request->filter,
            .link = (uint16_t)(link == DLT_OF_RAW || link == DLT_OF_RAW_BSD ? LINK_RAW : link),
            .snap = (uint32_t)(request->snap > 0 ? request->snap : SNAP),
            .nano = pcap_get_tstamp_precision(p) == PCAP_TSTAMP_PRECISION_NANO,
        };
    }
    return live;
}

static pcap_t *open_one(const struct capture_request *request, const char *name, int *code, struct text *why)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    struct bpf_program program;
    pcap_t *p = pcap_create(name, error);
    if (p == NULL) {
        refused(name, PCAP_ERROR, error, code, why);
        return NULL;
    }
    pcap_set_snaplen(p, request->snap > 0 ? request->snap : SNAP);
    pcap_set_promisc(p, request->promiscuous);
    pcap_set_timeout(p, TICK_MS);
    pcap_set_immediate_mode(p, 1);
    pcap_set_buffer_size(p, BUFFER);
    pcap_set_tstamp_precision(p, PCAP_TSTAMP_PRECISION_NANO);
    int status = pcap_activate(p);
    if (status < 0) {
        refused(name, status, pcap_geterr(p), code, why);
    } else if (request->filter != NULL && pcap_compile(p, &program, request->filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        *code = EXIT_USAGE;
        text_add(why, "the filter \"");
        text_escaped(why, bytes_text(request->filter));
        text_format(why, "\" can't be used: %s; pcap-filter(7) has the language", pcap_geterr(p));
    } else {
        bool fits = request->filter == NULL || pcap_setfilter(p, &program) == 0;
        if (request->filter != NULL)
            pcap_freecode(&program);
        if (fits && pcap_setnonblock(p, 1, error) == 0)
            return p;
        refused(name, PCAP_ERROR, fits ? error : pcap_geterr(p), code, why);
    }
    pcap_close(p);
    return NULL;
}

static void refused(const char *name, int status, const char *detail, int *code, struct text *why)
{
    bool permission = status == PCAP_ERROR_PERM_DENIED || status == PCAP_ERROR_PROMISC_PERM_DENIED;
    *code = permission ? EXIT_PERMISSION : EXIT_INPUT;
    text_add(why, "interface ");
    text_escaped(why, bytes_text(name));
    if (permission)
        text_add(
            why,
            ": capturing is not permitted. Run it with sudo (rights are given up as soon as the interface is open), or "
            "once: sudo setcap cap_net_raw=ep \"$(command -v fede)\"");
    else if (status == PCAP_ERROR_NO_SUCH_DEVICE)
        text_add(why, ": there is no such interface; fede capture -D lists them");
    else if (status == PCAP_ERROR_IFACE_NOT_UP)
        text_add(why, ": it is not up");
    else
        text_format(why, ": %s", detail[0] != '\0' ? detail : pcap_statustostr(status));
}

bool capture_list(struct text *why)
{
    char error[PCAP_ERRBUF_SIZE] = "";
    pcap_if_t *all = NULL;
    if (pcap_findalldevs(&all, error) != 0) {
        text_format(why, "the interfaces can't be listed: %s", error);
        return false;
    }
    for (const pcap_if_t *i = all; i != NULL; i = i->next)
        printf("%s\t%s%s%s\n", i->name,
               i->flags & PCAP_IF_LOOPBACK ? "loopback"
               : i->flags & PCAP_IF_UP     ? "up"
                                           : "down",
               i->description != NULL ? "\t" : "", i->description != NULL ? i->description : "");
    pcap_freealldevs(all);
    return true;
}

/* ---- capturing ---- */

bool capture_go(struct capture_live *live, const struct recorder_options *outputs, bool say)
{
    const size_t n = live->options.n_interfaces;
    const struct recorder_options interfaces = live->options;
    struct pollfd waits[RECORDER_INTERFACES_MOST + 1] = {{0}};
    const struct sigaction action = {.sa_handler = stop};
    const uint64_t since_us = clock_ticks(NULL);
    bool good;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    live->options = *outputs;
    bytes_copy(live->options.interfaces, interfaces.interfaces, sizeof interfaces.interfaces);
    live->options.n_interfaces = n;
    live->recorder = recorder_new(&live->options);
    good = live->recorder != NULL && recorder_tick(live->recorder, since_us, false);
    for (size_t i = 0; i < n; i++)
        waits[i] = (struct pollfd){.fd = pcap_get_selectable_fd(live->interfaces[i]), .events = POLLIN};
    waits[n].fd = outputs->live != NULL ? fileno(outputs->live) : -1; /* hears that its reader is gone */
    if (say && good)
        fprintf(stderr, "fede capture: capturing; Ctrl-C ends it\n");
    while (good && !stopped && !over(live, since_us)) {
        if ((poll(waits, n + 1, TICK_MS) < 0 && errno != EINTR) || (waits[n].revents & POLLERR) != 0)
            good = false;
        good = take(live) && good;
        good = recorder_tick(live->recorder, clock_ticks(NULL), false) && good;
    }
    if (live->recorder == NULL)
        return false;
    good = take(live) && good; /* what came before the signal */
    good = recorder_tick(live->recorder, clock_ticks(NULL), true) && good;
    finish(live, say);
    good = recorder_tick(live->recorder, clock_ticks(NULL), true) && good;
    return good;
}

/* What waits on the interfaces. */
static bool take(struct capture_live *live)
{
    for (size_t i = 0; i < live->options.n_interfaces; i++) {
        struct source source = {live, (uint32_t)i, clock_ticks(NULL)};
        if (pcap_dispatch(live->interfaces[i], BATCH, packet, (u_char *)&source) != PCAP_ERROR)
            continue;
        fprintf(stderr, "fede capture: %s: %s\n", live->request->interfaces[i], pcap_geterr(live->interfaces[i]));
        return false;
    }
    return true;
}

static bool over(const struct capture_live *live, uint64_t since_us)
{
    const struct capture_request *q = live->request;
    const struct recorded counts = recorder_counts(live->recorder);
    return (q->most_packets > 0 && counts.packets >= q->most_packets) ||
           (q->most_bytes > 0 && counts.bytes >= q->most_bytes) ||
           (q->most_us > 0 && clock_ticks(NULL) - since_us >= q->most_us);
}

static void packet(u_char *user, const struct pcap_pkthdr *head, const u_char *data)
{
    const struct source *s = (const struct source *)(const void *)user;
    const struct capture_request *q = s->live->request;
    bool nano = s->live->options.interfaces[s->interface].nano;
    if (q->most_packets > 0 && recorder_counts(s->live->recorder).packets >= q->most_packets)
        return;
    uint64_t at = (uint64_t)head->ts.tv_sec * (nano ? 1000000000u : 1000000u) + (uint64_t)head->ts.tv_usec;
    recorder_packet(s->live->recorder, s->interface, at, (bytes){data, head->caplen}, head->len, s->now_us);
}

static void stop(int signal)
{
    (void)signal;
    stopped = 1;
}

static void finish(struct capture_live *live, bool say)
{
    uint64_t dropped = 0;
    char line[200];
    struct text t = text_in(line, sizeof line);
    for (size_t i = 0; i < live->options.n_interfaces; i++) {
        struct pcap_stat s = {0};
        if (pcap_stats(live->interfaces[i], &s) != 0)
            continue;
        recorder_statistics(live->recorder, (uint32_t)i, (uint64_t)clock_wall(NULL) * 1000000, s.ps_recv,
                            (uint64_t)s.ps_drop + s.ps_ifdrop);
        dropped += (uint64_t)s.ps_drop + s.ps_ifdrop;
    }
    const struct recorded counts = recorder_counts(live->recorder);
    text_format(&t, "%llu packets captured, %llu lost", (unsigned long long)counts.packets,
                (unsigned long long)dropped);
    if (counts.secrets > 0)
        text_format(&t, ", %llu secrets", (unsigned long long)counts.secrets);
    if (counts.files > 1)
        text_format(&t, ", %u files begun", counts.files);
    if (say)
        fprintf(stderr, "fede capture: %s\n", line);
}

void capture_close(struct capture_live *live)
{
    for (size_t i = 0; live != NULL && i < RECORDER_INTERFACES_MOST; i++)
        if (live->interfaces[i] != NULL)
            pcap_close(live->interfaces[i]);
    if (live != NULL)
        recorder_free(live->recorder);
    free(live);
}
