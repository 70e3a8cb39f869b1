/* Revocation lists under any bytes, judged as verification judges them. The first byte holds options; then lists, each a 16-bit
   length and DER. The certificate asked about is one whose issuer, names and distribution points the lists of the corpus
   are made for. Signatures as in fake_signatures.c. */
#include <stdio.h>

#include "fuzz/want.h"
#include "x509/anchors.h"
#include "x509/revocation.h"

#ifndef ENGINE_DATA
#define ENGINE_DATA "tests/engine/data"
#endif

enum { LISTS_MOST = 8, JUST_2030 = 1893456000 };

static void entries(const struct crl *crl)
{
    struct crl_entry entry;
    bool malformed = false;
    for (bytes rest = crl->revoked, before = rest; crl_entry_next(&rest, &entry, &malformed); before = rest)
        want(entry.serial.len > 0 && rest.len < before.len && entry.reason >= 0);
}

static bytes file(const char *name, struct arena *arena)
{
    enum { ROOM = 8192 };
    char path[512];
    uint8_t *text = arena_take(arena, ROOM);
    snprintf(path, sizeof path, "%s/%s", ENGINE_DATA, name);
    FILE *f = fopen(path, "rb");
    want(f != NULL && text != NULL);
    size_t len = fread(text, 1, ROOM, f);
    fclose(f);
    return bytes_of(text, len);
}

/* leaf, intermediate, root: made once, of the certificates of the engine's tests. */
static struct path *chain(void)
{
    static const char *const files[] = {"p256.pem", "root.pem"};
    static struct certificate made[4];
    static struct path path;
    static struct arena arena;
    if (path.n > 0)
        return &path;
    arena_start(&arena, &memory_standard, 1u << 20);
    for (size_t i = 0; i < 2; i++) {
        bytes text = file(files[i], &arena), der;
        fede_error error = {0};
        while (path.n < 4 && pem_next(&text, "CERTIFICATE", &arena, &der)) {
            want(certificate_read(der, &made[path.n], &error));
            path.at[path.n] = (struct link){.c = &made[path.n], .sent = (int32_t)path.n, .subject = (uint16_t)path.n,
                                            .issuer = (uint16_t)(path.n + 1)};
            path.n++;
        }
    }
    want(path.n >= 2);
    path.at[path.n - 1].anchor = true;
    path.at[path.n - 1].issuer = path.at[path.n - 1].subject;
    return &path;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes lists[LISTS_MOST];
    size_t n = 0;
    if (size < 3)
        return 0;
    for (bytes in = {data + 1, size - 1}; in.len > 2 && n < LISTS_MOST; n++) {
        lists[n] = bytes_first(bytes_skip(in, 2), load16(in.data));
        in = bytes_skip(in, 2 + lists[n].len);
        struct crl crl;
        fede_error error = {0};
        if (crl_read(lists[n], &crl, &error))
            entries(&crl);
        else
            want(error.reason == FEDE_CRL_UNREADABLE && error.detail != NULL);
    }
    struct path *path = chain();
    static struct anchors *anchors;
    struct arena arena;
    if (anchors == NULL) {
        anchors = anchors_new(&memory_standard);
        want(anchors != NULL && anchors_add(anchors, path->at[path->n - 1].c->der) == 1);
    }
    arena_start(&arena, &memory_standard, 1u << 20);
    struct verify_request request = {.anchors = anchors, .purpose = PURPOSE_SERVER, .at = JUST_2030, .crls = lists, .n_crls = n,
                                     .revocation = (enum fede_revocation)(data[0] % 3)};
    struct revocation_lists *read = revocation_lists_read(&request, &arena);
    want(read != NULL);
    for (size_t i = 0; i + 1 < path->n; i++) {
        char words[300];
        struct text text = text_in(words, sizeof words);
        struct finding f = {0};
        enum revocation answer = revocation_of(read, path, i, &f, data[0] & 4 ? &text : NULL);
        want(answer >= REVOCATION_GOOD && answer <= REVOCATION_NO_MEMORY);
        want(answer != REVOCATION_REVOKED || f.reason == FEDE_CERT_REVOKED);
    }
    arena_end(&arena);
    return 0;
}
