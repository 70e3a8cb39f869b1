/* bogo/shim.c: one test of BoringSSL's protocol runner. The first connection, then as many as -resume-count says: each a
   handshake, the checks, an exchange of data (what comes is sent back with every bit turned), the end.

   The runner's own description: ssl/test/PORTING.md of BoringSSL. How to run it: README.md beside this file. */
#include <signal.h>

#include "shim.h"

enum { ALERT_DECOMPRESSION_FAILURE = 30, ALERT_HANDSHAKE_FAILURE = 40, READ_USUAL = 512, READ_MOST = 65536 };

/* ---- Data. */

static bool established(const struct run *run)
{
    fede_info info;
    fede_conn_info(run->conn, &info);
    return info.established;
}

static bool handshake(struct run *run)
{
    while (!established(run) && fede_conn_error(run->conn) == NULL && link_turn(run))
        ;
    link_flush(run);
    return established(run);
}

static bool write_all(struct run *run, const uint8_t *data, size_t len)
{
    while (len > 0) {
        if (fede_needs(run->conn) & FEDE_WRITE) {
            size_t n = fede_write(run->conn, (fede_bytes){data, len});
            data += n;
            len -= n;
            link_flush(run);
        } else if (fede_conn_error(run->conn) != NULL || !link_turn(run)) {
            return false;
        }
    }
    return true;
}

/* Bytes read, at most size; 0 at the end, whichever way it came; -1 when something went wrong. */
static long read_some(struct run *run, uint8_t *out, size_t size)
{
    fede_bytes plain;
    while ((plain = fede_plaintext(run->conn)).len == 0) {
        uint8_t one;
        if (run->options->use_exporter_between_reads && !fede_export(run->conn, "", NULL, &one, 1)) {
            fputs("failed to export keying material\n", stderr);
            return -1;
        }
        fede_info info;
        fede_conn_info(run->conn, &info);
        if (info.renegotiation_wanted && !fede_conn_renegotiate(run->conn))
            return -1;
        const fede_error *error = fede_conn_error(run->conn);
        if (error != NULL)
            return error->reason == FEDE_TRUNCATED && !run->options->check_close_notify ? 0 : -1;
        if (fede_ending(run->conn) & (FEDE_PEER_CLOSED | FEDE_TRANSPORT_ENDED) || !link_turn(run))
            return 0;
    }
    size_t n = plain.len < size ? plain.len : size;
    memcpy(out, plain.data, n);
    if (run->options->peek_then_read && memcmp(fede_plaintext(run->conn).data, out, n) != 0) {
        fputs("looking twice shows two things\n", stderr);
        return -1;
    }
    fede_consumed(run->conn, n);
    return (long)n;
}

static bool echo(struct run *run, bool pending)
{
    static uint8_t buffer[READ_MOST];
    size_t size = run->options->read_size > 0 ? (size_t)run->options->read_size : READ_USUAL;
    for (;;) {
        long n = read_some(run, buffer, size < sizeof buffer ? size : sizeof buffer);
        if (n <= 0)
            return n == 0;
        if (pending)
            link_flush(run);
        pending = false;
        for (long i = 0; i < n; i++)
            buffer[i] ^= 0xff;
        if (!write_all(run, buffer, (size_t)n))
            return false;
    }
}

static bool write_exported(struct run *run)
{
    const struct options *o = run->options;
    const char *label = o->export_label != NULL ? o->export_label : "", *context = o->export_context;
    uint8_t *out = malloc((size_t)o->export_keying_material);
    fede_bytes given = {(const uint8_t *)context, context != NULL ? strlen(context) : 0};
    size_t len = (size_t)o->export_keying_material;
    bool good = out != NULL && fede_export(run->conn, label, o->use_export_context ? &given : NULL, out, len);
    if (!good)
        fputs("failed to export keying material\n", stderr);
    good = good && write_all(run, out, len);
    free(out);
    return good;
}

static bool exchange(struct run *run)
{
    static const uint8_t hello[] = {'h', 'e', 'l', 'l', 'o'};
    const struct options *o = run->options;
    if (o->no_op_extra_handshake && (!established(run) || fede_needs(run->conn) & FEDE_SEND)) {
        fputs("the handshake goes on behind its end\n", stderr);
        return false;
    }
    if (o->export_keying_material > 0 && !write_exported(run))
        return false;
    if (o->send_alert) {
        fede_abort(run->conn, ALERT_DECOMPRESSION_FAILURE);
        link_flush(run);
        return true;
    }
    if (o->read_with_unfinished_write) /* one byte of it is sent, the rest while there is something to read */
        fede_write(run->conn, (fede_bytes){hello, sizeof hello});
    else if (o->shim_writes_first && !write_all(run, hello, sizeof hello))
        return false;
    return o->shim_shuts_down || echo(run, o->read_with_unfinished_write);
}

/* close_notify is sent and waited for when the test is about it. */
static bool end(struct run *run)
{
    const struct options *o = run->options;
    if (!o->check_close_notify || o->send_alert)
        return true;
    fede_close(run->conn);
    while (fede_conn_error(run->conn) == NULL && !(fede_ending(run->conn) & FEDE_PEER_CLOSED) && link_turn(run))
        if (fede_plaintext(run->conn).len > 0) {
            fputs(":APPLICATION_DATA_ON_SHUTDOWN:\n", stderr);
            return false;
        }
    link_flush(run);
    if (fede_ending(run->conn) & FEDE_PEER_CLOSED)
        return true;
    fputs("Unexpected SSL_shutdown result: -1 != 1\n", stderr);
    return false;
}

/* ---- Connections. */

/* A client's session, for the next connection. */
static fede_bytes copy_of(fede_bytes bytes)
{
    uint8_t *copy = bytes.len > 0 ? malloc(bytes.len) : NULL;
    if (copy != NULL)
        memcpy(copy, bytes.data, bytes.len);
    return (fede_bytes){copy, copy != NULL ? bytes.len : 0};
}

/* A resumed connection shows no certificates: an application that wants them judged again judges what it kept. */
static bool still_trusted(struct run *run)
{
    const struct options *o = run->options;
    if (!run->resuming || run->judged_chain || !o->reverify_on_resume || !o->verify_fail)
        return true;
    fputs(":CERTIFICATE_VERIFY_FAILED:\n", stderr);
    fede_abort(run->conn, o->use_custom_verify_callback ? FEDE_ALERT_CERTIFICATE_UNKNOWN : ALERT_HANDSHAKE_FAILURE);
    return false;
}

static bool connect_once(struct run *run, fede_bytes *session)
{
    const struct options *o = run->options;
    run->conn = o->server ? fede_server_new(run->config) : fede_client_new(run->config, o->host_name);
    if (run->conn == NULL || !link_open(run))
        return false;
    if (session->len > 0)
        fede_conn_resume(run->conn, *session);
    if (!o->server && (o->renegotiate_freely || o->renegotiate_once || o->renegotiate_explicit ||
                       o->forbid_renegotiation_after_handshake))
        fede_conn_allow_renegotiation(run->conn, o->renegotiate_once ? 1 : 255);
    free((void *)session->data);
    *session = (fede_bytes){NULL, 0};
    bool good = handshake(run) && checks_after_handshake(run) && still_trusted(run);
    if (good && o->forbid_renegotiation_after_handshake)
        fede_conn_allow_renegotiation(run->conn, 0);
    if (good && !o->server)
        *session = copy_of(fede_conn_session(run->conn));
    good = good && exchange(run) && end(run) && checks_at_end(run);
    const fede_error *error = fede_conn_error(run->conn);
    link_flush(run);
    link_close(run);
    if (!good && error != NULL)
        names_print(error);
    fede_conn_free(run->conn);
    return good;
}

static int test(const struct options *initial, const struct options *resumed)
{
    static struct run run;
    fede_store *store = fede_store_new(64);
    fede_config *config = NULL;
    fede_bytes session = {NULL, 0};
    int status = 0;
    for (int i = 0; status == 0 && i <= initial->resume_count; i++) {
        const struct options *o = i == 0 ? initial : resumed;
        memset(&run, 0, sizeof run);
        run.options = o;
        run.resuming = i > 0;
        run.store = store;
        run.fd = -1;
        if (i > 0 && !o->server && session.len == 0) {
            fputs("there is no session to offer\n", stderr);
            status = EXIT_FAILED;
            break;
        }
        fede_config *next = setup_config(o, config, store, &run, &status);
        fede_config_free(config);
        config = run.config = next;
        if (config == NULL)
            break;
        if (!connect_once(&run, &session)) {
            fprintf(stderr, "connection %d failed\n", i + 1);
            status = EXIT_FAILED;
        }
        setup_advance_clock(o->resumption_delay);
    }
    free((void *)session.data);
    fede_config_free(config);
    fede_store_free(store);
    return status;
}

int main(int argc, char **argv)
{
    static struct options initial, resumed;
    int status = EXIT_FAILED;
    signal(SIGPIPE, SIG_IGN);
    if (!flags_read(argc, argv, &initial, &resumed, &status))
        return status;
    if (initial.is_handshaker_supported) {
        puts("No");
        return 0;
    }
    status = test(&initial, &resumed);
    fputs("--- DONE ---\n", stderr); /* what a sanitizer says behind it is a failure in every case */
    return status;
}
