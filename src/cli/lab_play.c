/* cli/lab_play.c: a case is played: two connections of the engine in one process, bytes moved from one to the other record by
   record, an HTTP request and its answer once they are open. The client's side tells the story; how the server ended stands
   in a note. */
#include "cli/lab_play.h"

#include <stdlib.h>

#include "cli/words.h"
#include "report/lessons.h"

enum { ROUNDS_MOST = 4000, HEADER = 5, CCS = 20, HANDSHAKE = 22, LINE = 1400 };

static const char request[] = "GET /26-1 HTTP/1.1\r\nHost: " LAB_NAME "\r\nConnection: close\r\n\r\n";
static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 14\r\n"
                             "Connection: close\r\n\r\nTrust begins.\n";

/* The fixed world: a clock that goes on by fifty microseconds each time it is asked, a day, and random bytes that are none. */
struct world {
    uint64_t ticks, state[3];
    fede_config *client, *server;
    struct lab_identity identity, person, lab;
    uint8_t session[8192];
    size_t session_len;
};

static bool make_configs(struct world *world, const struct lab_case *c, bool trusting);
static int play_once(struct world *world, const struct lab_case *c, unsigned number, struct report_options *options,
                     struct report_options *page, struct text *why);
static void tell_case(const struct lab_case *c, unsigned number, struct report *report);
static void tell_outcome(const struct lab_case *c, const struct play *play, unsigned number, struct report *report);
static void pump(struct play *play);
static bool check(const struct lab_case *c, const struct play *play, unsigned number, struct text *why);

int lab_run_case(const struct lab_settings *s, const char *name, struct text *why)
{
    static struct world world;
    struct report_options options = {0}, page = {0};
    const struct lab_case *c = NULL;
    if (lesson_print(name, stdout))
        return EXIT_DONE;
    for (size_t i = 0; (c = lab_case_at(i)) != NULL && strcmp(c->name, name) != 0; i++)
        ;
    if (c == NULL) {
        text_format(why, "there is no case \"%s\"; fede lab list names them", name);
        return EXIT_USAGE;
    }
    if (c->legacy != 0 && fede_legacy_suite_list(0) == 0) {
        text_add(why, "this case needs what this build leaves out (FEDE_LEGACY=OFF)");
        return EXIT_INPUT;
    }
    if (!story_start(&s->story, &options, why) ||
        (s->report &&
         !story_page_start(&page, s->report, c->title, s->story.show_secrets, s->story.language, why)))
        return EXIT_INTERNAL; /* nothing can be written there */
    options.wall = page.wall = LAB_DAY;
    options.command = page.command = s->command;
    options.diagram = s->diagram && options.form == REPORT_TEXT;
    int code = EXIT_DONE;
    unsigned plays = c->plays > 0 ? c->plays : 1;
    for (unsigned i = 0; i < plays && code == EXIT_DONE; i++)
        code = play_once(&world, c, i, &options, &page, why);
    lab_identity_free(&world.identity);
    lab_identity_free(&world.person);
    lab_identity_free(&world.lab);
    fede_config_free(world.client);
    fede_config_free(world.server);
    if (s->report && !story_page_end(&page) && code == EXIT_DONE) {
        text_format(why, "%s could not be written whole", s->report);
        code = EXIT_INTERNAL;
    }
    story_end(&options);
    return code;
}

/* ---- The fixed world ------------------------------------------------------------------------------------------------ */

static int64_t wall(void *arg)
{
    (void)arg;
    return LAB_DAY;
}

static uint64_t ticks(void *arg)
{
    struct world *world = arg;
    return world->ticks += 50;
}

/* xorshift64: never for anything but this. */
static bool fill(void *arg, uint8_t *out, size_t n)
{
    uint64_t *state = arg;
    for (size_t i = 0; i < n; i++) {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        out[i] = (uint8_t)(*state >> 24);
    }
    return true;
}

static bool make_side(struct world *world, fede_config *config, uint8_t side, const struct lab_case *c)
{
    static const char *const everyone[] = {"*"};
    static const char *const protocols[][1] = {[FEDE_CLIENT] = {"http/1.1"}, [FEDE_SERVER] = {"imap"}};
    /* Of one and the same input these make one and the same signature. */
    static const uint16_t schemes[] = {0x0601 /* rsa_pkcs1_sha512 */, 0x0807 /* ed25519 */};
    size_t n = c->suites[0] == 0 ? 0 : c->suites[1] == 0 ? 1 : 2;
    world->state[side] = UINT64_C(0x9e3779b97f4a7c15) * side;
    return config != NULL && fede_config_clock(config, wall, ticks, world) &&
           fede_config_random(config, fill, &world->state[side]) &&
           (c->legacy == 0 || fede_config_legacy(config, &(fede_legacy){.what = c->legacy,
                                                                        .peers = everyone,
                                                                        .n_peers = 1,
                                                                        .reason = "a case of fede lab",
                                                                        .until = LAB_DAY + 86400})) &&
           (n == 0 || fede_config_suites(config, c->suites, n)) && fede_config_schemes(config, schemes, 2) &&
           (!(c->flags & CASE_CLASSIC) || fede_config_extended_master_secret(config, FEDE_EMS_OFF)) &&
           (!(c->flags & CASE_OTHER_ALPN) || fede_config_alpn(config, protocols[side], 1));
}

static bool make_configs(struct world *world, const struct lab_case *c, bool trusting)
{
    bool resumes = c->flags & (CASE_TICKET | CASE_ID), mutual = c->flags & CASE_MUTUAL;
    struct lab_identity *own = &world->identity;
    if (own->key == NULL && (!lab_identity_make(own, c->who) || !lab_identity_make(&world->person, LAB_CLIENT) ||
                             !lab_identity_make(&world->lab, LAB_ED25519)))
        return false;
    world->client = fede_config_new();
    world->server = fede_config_new();
    fede_bytes anchor = bytes_text(world->lab.anchor);
    bool made = make_side(world, world->client, FEDE_CLIENT, c) && make_side(world, world->server, FEDE_SERVER, c) &&
                fede_config_credential(world->server, bytes_text(own->chain), bytes_text(own->key)) &&
                fede_config_trust(world->client, anchor) && fede_config_reveal_secrets(world->client) &&
                (!trusting || fede_config_unauthenticated_encryption(world->client)) &&
                (!(c->flags & CASE_FALSE_START) || fede_config_false_start(world->client, true)) &&
                (!resumes || fede_config_sessions(world->client, true)) &&
                fede_config_tickets(world->server, c->flags & CASE_TICKET ? FEDE_SESSION_LIFETIME : 0) &&
                (!mutual || (fede_config_trust(world->server, anchor) &&
                             fede_config_client_certificate(world->server, FEDE_CLIENT_CERTIFICATE_REQUIRED)));
    if (made && mutual && !(c->flags & CASE_NO_CLIENT))
        made = fede_config_credential(world->client, bytes_text(world->person.chain), bytes_text(world->person.key));
    if (made && (c->flags & CASE_ID)) {
        fede_store *store = fede_store_new(16);
        made = store != NULL && fede_config_store(world->server, store);
        fede_store_free(store);
    }
    return made;
}

/* ---- One play ------------------------------------------------------------------------------------------------------- */

static int play_once(struct world *world, const struct lab_case *c, unsigned number, struct report_options *options,
                     struct report_options *page, struct text *why)
{
    static struct play play;
    static char title[200]; /* the options keep pointing at it */
    bool resumes = c->flags & (CASE_TICKET | CASE_ID);
    snprintf(title, sizeof title, c->plays > 1 ? "%s (%u of %u)" : "%s", c->title, number + 1, c->plays);
    options->title = page->title = title;
    play = (struct play){.lab_case = c, .variant = number};
    if (number > 0 && !resumes) {
        fede_config_free(world->client);
        fede_config_free(world->server);
        world->client = world->server = NULL;
    }
    if ((number == 0 || !resumes) && !make_configs(world, c, number > 0 && (c->flags & CASE_TRUSTING))) {
        text_add(why, "the case can't be set up: no memory, or libcrypto refuses a part of it");
        return EXIT_INTERNAL;
    }
    struct report *report = report_new(options);
    if (report != NULL && page->out != NULL)
        report_also(report, report_new(page));
    if (report == NULL || !fede_config_trace(world->client, report_trace, report)) {
        /* A configuration in use can't change: the second play of a resumption has its own, which shares the rest. */
        fede_config *derived = report != NULL ? fede_config_derive(world->client) : NULL;
        fede_config_free(world->client);
        world->client = derived;
        if (derived == NULL || !fede_config_trace(derived, report_trace, report)) {
            text_add(why, "no memory");
            return EXIT_INTERNAL;
        }
    }
    report_note(report, 1, title);
    tell_case(c, number, report);
    play.client = fede_client_new(world->client, LAB_NAME);
    play.server = fede_server_new(world->server);
    if (world->session_len > 0)
        fede_conn_resume(play.client, bytes_of(world->session, world->session_len));
    pump(&play);
    fede_bytes session = fede_conn_session(play.client);
    world->session_len = resumes && session.len <= sizeof world->session ? session.len : 0;
    bytes_copy(world->session, session.data, world->session_len);
    tell_outcome(c, &play, number, report);
    report_end(report, play.client, REPORT_GOES_ON, "");
    report_free(report);
    int code = check(c, &play, number, why) ? EXIT_DONE : EXIT_INTERNAL;
    fede_conn_free(play.client);
    fede_conn_free(play.server);
    if (options->diagram)
        printf("What: %s\nWhy:  %s (%s)\nNext: %s\n\n", c->what, c->why, c->section, c->next);
    fflush(options->out);
    return code;
}

static void tell_case(const struct lab_case *c, unsigned number, struct report *report)
{
    char line[LINE];
    if (number > 0)
        return;
    snprintf(line, sizeof line, "What: %s", c->what);
    report_note(report, 1, line);
}

static void side_ended(struct text *t, const char *side, const fede_conn *conn)
{
    char sentence[700];
    const fede_error *error = fede_conn_error(conn);
    text_format(t, "%s: ", side);
    if (error != NULL) {
        fede_error_text(error, sentence, sizeof sentence);
        text_add(t, sentence);
    } else {
        text_add(t, play_established(conn) ? "all is well" : "still waits");
    }
}

static void tell_outcome(const struct lab_case *c, const struct play *play, unsigned number, struct report *report)
{
    static const char *const probes[] = {"one bit altered", "all zero", "not below the modulus", "the number one"};
    char line[LINE];
    struct text t = text_in(line, sizeof line);
    if (c->tap == tap_oracle) {
        text_format(&t, "The encrypted premaster secret: %s.", probes[number]);
        report_note(report, 1, line);
        t = text_in(line, sizeof line);
    }
    side_ended(&t, "The client", play->client);
    report_note(report, 1, line);
    t = text_in(line, sizeof line);
    side_ended(&t, "The server", play->server);
    report_note(report, 1, line);
    if (play->answered) {
        snprintf(line, sizeof line, "The answer arrived: %.60s", strrchr(play->answer, '\r') + 2);
        line[strcspn(line, "\n")] = '\0';
        report_note(report, 1, line);
    }
    if (number + 1 < c->plays)
        return;
    snprintf(line, sizeof line, "Why: %s (%s)", c->why, c->section);
    report_note(report, 1, line);
    snprintf(line, sizeof line, "Next: %s", c->next);
    report_note(report, 1, line);
}

/* Did it go as the table says? A case that does not is a failure of fede, not of the case. */
static bool check(const struct lab_case *c, const struct play *play, unsigned number, struct text *why)
{
    const fede_error *client = fede_conn_error(play->client), *server = fede_conn_error(play->server);
    bool well = number > 0 && (c->flags & CASE_TRUSTING);
    fede_reason wanted_client = well ? FEDE_OK : c->client, wanted_server = well ? FEDE_OK : c->server;
    fede_info info;
    fede_conn_info(play->client, &info);
    bool as_told = (client != NULL ? client->reason : FEDE_OK) == wanted_client &&
                   (server != NULL ? server->reason : FEDE_OK) == wanted_server &&
                   play->answered == (wanted_client == FEDE_OK && wanted_server == FEDE_OK) &&
                   (number == 0 || !(c->flags & (CASE_TICKET | CASE_ID)) || info.resumed) &&
                   (!(c->flags & CASE_FALSE_START) || info.false_start);
    if (!as_told)
        text_format(why, "the case did not go as told: the client ended with reason %d, the server with %d",
                    client != NULL ? client->reason : 0, server != NULL ? server->reason : 0);
    return as_told;
}

/* ---- Bytes on their way ---------------------------------------------------------------------------------------------- */

bool play_established(const fede_conn *conn)
{
    fede_info info;
    fede_conn_info(conn, &info);
    return info.established;
}

static void queue_add(struct play_queue *queue, const uint8_t *data, size_t len)
{
    if (queue->at == queue->len)
        queue->at = queue->len = 0;
    if (len > QUEUE - queue->len)
        return; /* the other side never hears it: no case has so much */
    bytes_copy(queue->data + queue->len, data, len);
    queue->len += len;
}

void play_put(struct play *play, uint8_t to, const uint8_t *record, size_t len)
{
    queue_add(&play->on_way[to], record, len);
}

uint8_t *play_message(const struct play *play, uint8_t from, uint8_t *record, size_t len, uint8_t type)
{
    if (record[0] != HANDSHAKE || play->secured[from] > 0)
        return NULL;
    for (size_t at = HEADER; at + 4 <= len;) {
        if (record[at] == type)
            return record + at + 4;
        at += 4 + ((size_t)record[at + 1] << 16 | (size_t)record[at + 2] << 8 | record[at + 3]);
    }
    return NULL;
}

/* What a side wrote, record by record past the tap. */
static void collect(struct play *play, uint8_t from)
{
    uint8_t to = from == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT;
    struct play_queue *raw = &play->raw[to];
    while (raw->len - raw->at >= HEADER) {
        uint8_t *record = raw->data + raw->at;
        size_t len = HEADER + (size_t)(record[3] << 8 | record[4]);
        if (raw->len - raw->at < len)
            return;
        raw->at += len;
        play->secured[from] += record[0] == CCS;
        if (play->lab_case->tap != NULL)
            play->lab_case->tap(play, from, record, len);
        else
            play_put(play, to, record, len);
    }
}

static bool deliver(struct play *play, uint8_t to, fede_conn *conn)
{
    struct play_queue *queue = &play->on_way[to];
    fede_room room = fede_to_fill(conn);
    size_t have = queue->len - queue->at, n = have < room.len ? have : room.len;
    if (n == 0)
        return false;
    bytes_copy(room.data, queue->data + queue->at, n);
    queue->at += n;
    fede_received(conn, (ptrdiff_t)n);
    return true;
}

/* The request as soon as it may be written, the answer when the request is there, and the close. */
static bool converse(struct play *play)
{
    fede_bytes in;
    if (!play->asked && (fede_needs(play->client) & FEDE_WRITE)) {
        play->asked = true;
        return fede_write(play->client, bytes_text(request)) > 0;
    }
    if ((fede_needs(play->server) & FEDE_READ) && (in = fede_plaintext(play->server)).len > 0) {
        fede_consumed(play->server, in.len);
        fede_write(play->server, bytes_text(answer));
        fede_close(play->server);
        return true;
    }
    if ((fede_needs(play->client) & FEDE_READ) && (in = fede_plaintext(play->client)).len > 0) {
        size_t n = in.len < sizeof play->answer - 1 ? in.len : sizeof play->answer - 1;
        bytes_copy((uint8_t *)play->answer, in.data, n);
        play->answer[n] = '\0';
        play->answered = true;
        fede_consumed(play->client, in.len);
        fede_close(play->client);
        return true;
    }
    return false;
}

/* One side: sends, or else receives. */
static bool move(struct play *play, uint8_t side, fede_conn *conn)
{
    unsigned needs = fede_needs(conn);
    if (needs & FEDE_SEND) {
        fede_bytes out = fede_to_send(conn);
        queue_add(&play->raw[side == FEDE_CLIENT ? FEDE_SERVER : FEDE_CLIENT], out.data, out.len);
        fede_sent(conn, (ptrdiff_t)out.len);
        collect(play, side);
        return true;
    }
    return (needs & FEDE_RECEIVE) && deliver(play, side, conn);
}

static void pump(struct play *play)
{
    bool moved = true;
    for (int rounds = 0; moved && rounds < ROUNDS_MOST; rounds++) {
        moved = move(play, FEDE_CLIENT, play->client);
        moved |= converse(play);
        moved |= move(play, FEDE_SERVER, play->server);
    }
}
