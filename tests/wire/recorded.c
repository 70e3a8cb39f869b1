/* Messages of real peers (tests/wire/recorded): each is accepted, comes back the same when written, and has every byte in a
   named field. Then it is spoilt: each proper prefix is refused; each length is altered, and each bit flipped, and what is
   still accepted must obey the same rules. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "check.h"

enum { LINE = 1 << 17, MESSAGE = 1 << 16 };

struct recording {
    char path[300];
    uint8_t kx;
    FILE *file;
    size_t line;
    uint8_t message[MESSAGE];
    size_t len;
};

/* Calls each with every message of every recording; returns how many there were. */
typedef void message_fn(const struct recording *r, const struct codec *codec, bytes body);
static size_t for_each_message(message_fn *each);

static void fail_on(const struct recording *r, const struct codec *codec, const char *what, size_t at)
{
    fail_msg("%s line %zu, %s: %s (at %zu)", r->path, r->line, codec->name, what, at);
}

static void accepted_whole(const struct recording *r, const struct codec *codec, bytes body)
{
    bool accepted;
    const char *wrong = codec_check(codec, body, &accepted);
    if (wrong)
        fail_on(r, codec, wrong, 0);
    if (!accepted)
        fail_on(r, codec, "refused", 0);
}

static void prefixes_refused(const struct recording *r, const struct codec *codec, bytes body)
{
    bool hello = codec->type == MSG_CLIENT_HELLO || codec->type == MSG_SERVER_HELLO, without_block = false;
    for (size_t len = 0; len < body.len; len++) {
        bool accepted;
        uint8_t *copy = malloc(len + 1); /* so that reading beyond it is seen by the sanitizers */
        assert_non_null(copy);
        bytes_copy(copy, body.data, len);
        const char *wrong = codec_check(codec, bytes_of(len ? copy : NULL, len), &accepted);
        free(copy);
        if (wrong)
            fail_on(r, codec, wrong, len);
        /* A hello without its extensions block is a hello, once. */
        if (accepted && hello && !without_block)
            without_block = true;
        else if (accepted)
            fail_on(r, codec, "a prefix was accepted", len);
    }
}

static void lengths_altered(const struct recording *r, const struct codec *codec, bytes body)
{
    static struct length_at lengths[2000];
    size_t n = codec_lengths(codec, body, lengths, 2000);
    uint8_t *copy = malloc(body.len + 1);
    assert_non_null(copy);
    for (size_t i = 0; i < n; i++)
        for (int how = 0; how < 5; how++) {
            bytes_copy(copy, body.data, body.len);
            uint8_t *p = copy + lengths[i].at, *low = p + lengths[i].size - 1;
            if (how < 3)
                *low = (uint8_t)(*low + (how == 0 ? 1 : how == 1 ? -1 : 2));
            else
                memset(p, how == 3 ? 0 : 0xff, lengths[i].size);
            bool accepted;
            const char *wrong = codec_check(codec, bytes_of(copy, body.len), &accepted);
            if (wrong)
                fail_on(r, codec, wrong, lengths[i].at);
        }
    free(copy);
}

static void bits_flipped(const struct recording *r, const struct codec *codec, bytes body)
{
    uint8_t *copy = malloc(body.len + 1);
    assert_non_null(copy);
    bytes_copy(copy, body.data, body.len);
    for (size_t bit = 0; bit < 8 * body.len; bit++) {
        bool accepted;
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
        const char *wrong = codec_check(codec, bytes_of(copy, body.len), &accepted);
        if (wrong)
            fail_on(r, codec, wrong, bit / 8);
        copy[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(copy);
}

/* ---- a ClientHello of today has no field without a name ---- */

static size_t unnamed;
static bool open_struct_unnamed;

static void name_field(struct narrator *n, const struct wire_field *f)
{
    (void)n;
    if (strcmp(f->name, "extension_data") == 0 && open_struct_unnamed)
        unnamed++;
}
static void name_enter(struct narrator *n, const struct wire_field *f)
{
    (void)n;
    open_struct_unnamed = strcmp(f->name, "extension") == 0;
}
static void name_leave(struct narrator *n, size_t end)
{
    (void)n;
    (void)end;
}

static void extensions_known(const struct recording *r, const struct codec *codec, bytes body)
{
    struct narrator narrator = {name_field, name_enter, name_leave};
    struct wire w = wire_narrating(body, &narrator);
    unnamed = 0;
    wire_narrate(&w, codec->type, &(struct message_context){0x0303, r->kx});
    assert_true(wire_done(&w));
    if (unnamed)
        fail_on(r, codec, "an extension has no name", 0);
}

/* ---- the recordings ---- */

static uint8_t kx_named(const char *name)
{
    static const struct {
        const char *name;
        uint8_t kx;
    } all[] = {{"ecdhe", KX_ECDHE},         {"dhe", KX_DHE},         {"rsa", KX_RSA},     {"psk", KX_PSK},
               {"ecdhe_psk", KX_ECDHE_PSK}, {"dh_anon", KX_DH_ANON}, {"none", KX_UNKNOWN}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (strcmp(all[i].name, name) == 0)
            return all[i].kx;
    fail_msg("key exchange %s is not known", name);
    return 0;
}

static size_t from_hex(const char *text, uint8_t *out, size_t room)
{
    size_t n = 0;
    unsigned byte;
    for (; n < room && sscanf(text + 2 * n, "%2x", &byte) == 1; n++)
        out[n] = (uint8_t)byte;
    return n;
}

static size_t read_recording(struct recording *r, message_fn *each)
{
    static char line[LINE];
    size_t n = 0;
    r->file = fopen(r->path, "r");
    assert_non_null(r->file);
    for (r->line = 1; fgets(line, sizeof line, r->file); r->line++) {
        line[strcspn(line, "\n")] = 0;
        if (strncmp(line, "kx ", 3) == 0)
            r->kx = kx_named(line + 3);
        char *hex = strncmp(line, "client ", 7) == 0 || strncmp(line, "server ", 7) == 0 ? line + 7 : NULL;
        if (!hex)
            continue;
        r->len = from_hex(hex, r->message, MESSAGE);
        assert_true(r->len >= 4);
        const struct codec *codec = codec_for(r->message[0], r->kx);
        assert_non_null(codec);
        assert_int_equal(load24(r->message + 1), r->len - 4);
        each(r, codec, bytes_of(r->message + 4, r->len - 4));
        n++;
    }
    fclose(r->file);
    return n;
}

static size_t for_each_message(message_fn *each)
{
    static struct recording r;
    const char *folder = "tests/wire/recorded";
    size_t n = 0;
    DIR *dir = opendir(folder);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir));) {
        size_t len = strlen(entry->d_name);
        if (len < 4 || strcmp(entry->d_name + len - 4, ".hex") != 0)
            continue;
        snprintf(r.path, sizeof r.path, "%s/%s", folder, entry->d_name);
        n += read_recording(&r, each);
    }
    closedir(dir);
    return n;
}

#define TEST(name)                                                                                                     \
    static void test_##name(void **state)                                                                              \
    {                                                                                                                  \
        (void)state;                                                                                                   \
        assert_true(for_each_message(name) >= 90);                                                                     \
    }
TEST(accepted_whole)
TEST(prefixes_refused)
TEST(lengths_altered)
TEST(bits_flipped)
TEST(extensions_known)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted_whole),   cmocka_unit_test(test_prefixes_refused),
        cmocka_unit_test(test_lengths_altered),  cmocka_unit_test(test_bits_flipped),
        cmocka_unit_test(test_extensions_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
