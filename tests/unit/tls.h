/* unit/tls.h: what the parts of the engine's unit test share. Client and server stand in one process (engine/pair.h). */
#ifndef UNIT_TLS_H
#define UNIT_TLS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "../engine/pair.h"
#include "keys/schedule12.h"
#include "tls/conn.h"

static inline void assert_reason(const fede_conn *conn, unsigned reason)
{
    const fede_error *error = fede_conn_error(conn);
    char text[1000] = "no error";
    if (error != NULL)
        fede_error_text(error, text, sizeof text);
    if ((error != NULL ? error->reason : 0u) != reason)
        print_message("wanted %s, got: %s\n", fede_reason_name(reason), text);
    assert_int_equal(error != NULL ? error->reason : 0, reason);
}

static inline void assert_open(struct pair *pair)
{
    if (!pair_established(pair->client))
        assert_reason(pair->client, 0);
    if (!pair_established(pair->server))
        assert_reason(pair->server, 0);
    assert_true(pair_established(pair->client) && pair_established(pair->server));
}

/* A pair that has shaken hands as far as it can. */
static inline struct pair meet(fede_config *client, fede_config *server, const char *name)
{
    struct pair pair = {0};
    pair_start(&pair, client, server, name);
    assert_true(pair_pump(&pair));
    return pair;
}

static inline void finish(struct pair *pair)
{
    fede_config *client = pair->client_config, *server = pair->server_config;
    pair_end(pair);
    fede_config_free(client);
    fede_config_free(server);
}

/* Everything one side has to say up to now, taken away. */
static inline size_t drain(fede_conn *conn, uint8_t *out, size_t size)
{
    size_t len = 0;
    while (fede_needs(conn) & FEDE_SEND) {
        fede_bytes b = fede_to_send(conn);
        assert_true(len + b.len <= size);
        memcpy(out + len, b.data, b.len);
        len += b.len;
        fede_sent(conn, (ptrdiff_t)b.len);
    }
    return len;
}

/* Hands bytes over as far as they are wanted; returns how many were taken. */
static inline size_t feed(fede_conn *conn, const uint8_t *data, size_t len)
{
    size_t at = 0;
    while (at < len && fede_needs(conn) & FEDE_RECEIVE) {
        fede_room room = fede_to_fill(conn);
        size_t n = room.len < len - at ? room.len : len - at;
        if (n == 0)
            break;
        memcpy(room.data, data + at, n);
        fede_received(conn, (ptrdiff_t)n);
        at += n;
    }
    return at;
}

/* The tests, by file. */
void every_suite_group_and_key(void **state), every_scheme(void **state), equal_suites(void **state),
    extended_master_secret_and_classic(void **state), application_protocols(void **state), credentials(void **state),
    nothing_in_common(void **state), hellos_by_hand(void **state), modern_policy(void **state),
    answers_by_hand(void **state), grease(void **state);
void any_portions(void **state), never_reads_too_much(void **state), flights_and_writes(void **state),
    certificates(void **state), unauthenticated(void **state), question_of_the_hello(void **state),
    question_of_the_verdict(void **state), question_left_open(void **state), ends(void **state), half_close(void **state),
    foreign_protocols(void **state);
void settings(void **state), failed_settings(void **state), many_protocols(void **state), derived_configurations(void **state), names_apart(void **state), events(void **state),
    master_secrets(void **state), events_of_failure(void **state), sentences(void **state), registry(void **state),
    wrong_calls(void **state);

#endif
