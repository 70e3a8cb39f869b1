/* Trust anchors: certificates a path may end in, indexed by subject.

   Adding copies or decodes the bytes, parses them once and enters them into a hash table over the subject's folded
   characters. From the first use on nothing is written, so any number of threads may look things up. An anchor's own
   dates, constraints and key are judged like those of any other certificate of a path; its signature is not. */
#include "x509/anchors.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_FILE (64u << 20)
#define MAX_SEEN 1024

struct anchor {
    struct certificate certificate;
    uint32_t hash;
    uint32_t next; /* index + 1 of the next in the same bucket; 0: none */
};

struct anchors {
    const fede_allocator *from;
    struct arena der;   /* the certificates' bytes */
    struct anchor **at; /* single blocks, so that addresses stay */
    uint32_t *buckets;  /* index + 1 of the first; room is a power of two, as many as in at */
    size_t n, room;
};

static bool add_der(struct anchors *a, bytes der);
static bool grow(struct anchors *a);
static bool read_file(const fede_allocator *from, const char *path, uint8_t **out, size_t *len);

struct anchors *anchors_new(const fede_allocator *from)
{
    struct anchors *a = memory_take(from, sizeof *a);
    if (a != NULL) {
        a->from = from;
        arena_start(&a->der, from, SIZE_MAX / 2);
    }
    return a;
}

void anchors_free(struct anchors *a)
{
    if (a == NULL)
        return;
    for (size_t i = 0; i < a->n; i++)
        memory_give(a->from, a->at[i], sizeof **a->at);
    memory_give(a->from, a->at, a->room * sizeof(*a->at));
    memory_give(a->from, a->buckets, a->room * sizeof(*a->buckets));
    arena_end(&a->der);
    memory_give(a->from, a, sizeof *a);
}

size_t anchors_add(struct anchors *a, bytes certificates)
{
    size_t n = 0;
    bytes der, copy;
    bool binary = certificates.len > 1 && certificates.data[0] == 0x30 && certificates.data[1] >= 0x80;
    if (binary) {
        copy = arena_copy(&a->der, certificates);
        return copy.data != NULL && add_der(a, copy) ? 1 : 0;
    }
    while (pem_next(&certificates, "CERTIFICATE", &a->der, &der))
        n += add_der(a, der) ? 1 : 0;
    return n;
}

/* True when the certificate is an anchor now, also when it was one before. */
static bool add_der(struct anchors *a, bytes der)
{
    struct certificate c;
    fede_error error = {0};
    if (!certificate_read(der, &c, &error))
        return false;
    uint32_t hash = name_hash(c.subject);
    if (anchors_same(a, der, c.subject, hash) != NULL)
        return true;
    if (a->n == a->room && !grow(a))
        return false;
    struct anchor *anchor = memory_take(a->from, sizeof *anchor);
    if (anchor == NULL)
        return false;
    uint32_t *bucket = &a->buckets[hash & (a->room - 1)];
    *anchor = (struct anchor){.certificate = c, .hash = hash, .next = *bucket};
    a->at[a->n++] = anchor;
    *bucket = (uint32_t)a->n;
    return true;
}

static bool grow(struct anchors *a)
{
    size_t room = a->room == 0 ? 64 : a->room * 2;
    struct anchor **at = memory_take(a->from, room * sizeof(*at));
    uint32_t *buckets = memory_take(a->from, room * sizeof *buckets);
    if (at == NULL || buckets == NULL) {
        memory_give(a->from, at, room * sizeof(*at));
        memory_give(a->from, buckets, room * sizeof *buckets);
        return false;
    }
    for (size_t i = 0; i < a->n; i++) {
        at[i] = a->at[i];
        uint32_t *bucket = &buckets[at[i]->hash & (room - 1)];
        at[i]->next = *bucket;
        *bucket = (uint32_t)(i + 1);
    }
    memory_give(a->from, a->at, a->room * sizeof(*a->at));
    memory_give(a->from, a->buckets, a->room * sizeof *a->buckets);
    a->at = at;
    a->buckets = buckets;
    a->room = room;
    return true;
}

size_t anchors_add_file(struct anchors *a, const char *path)
{
    uint8_t *data;
    size_t len;
    errno = 0;
    if (!read_file(a->from, path, &data, &len))
        return 0;
    size_t n = anchors_add(a, (bytes){data, len});
    memory_give(a->from, data, len + 1);
    return n;
}

static bool read_file(const fede_allocator *from, const char *path, uint8_t **out, size_t *len)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st = {0};
    if (fd < 0)
        return false;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size <= 0 || st.st_size > (off_t)MAX_FILE) {
        close(fd);
        errno = S_ISDIR(st.st_mode) ? EISDIR : st.st_size > (off_t)MAX_FILE ? EFBIG : 0;
        return false;
    }
    size_t size = (size_t)st.st_size, n = 0;
    uint8_t *data = memory_take(from, size + 1);
    while (data != NULL && n < size) {
        ssize_t got = read(fd, data + n, size - n);
        if (got <= 0)
            break;
        n += (size_t)got;
    }
    close(fd);
    if (data == NULL || n != size) {
        memory_give(from, data, size + 1);
        return false;
    }
    *out = data;
    *len = size;
    return true;
}

/* Files of a directory: each often has a second name there, the hash of its subject (c_rehash), or a third. */
struct seen {
    struct {
        dev_t device;
        ino_t number;
    } at[MAX_SEEN];
    size_t n;
};

static bool seen_before(struct seen *seen, const char *file)
{
    struct stat st;
    if (stat(file, &st) != 0)
        return false; /* opening it says why */
    for (size_t i = 0; i < seen->n; i++)
        if (seen->at[i].number == st.st_ino && seen->at[i].device == st.st_dev)
            return true;
    if (seen->n < MAX_SEEN) {
        seen->at[seen->n].device = st.st_dev;
        seen->at[seen->n++].number = st.st_ino;
    }
    return false;
}

size_t anchors_add_directory(struct anchors *a, const char *path)
{
    errno = 0;
    DIR *directory = opendir(path);
    struct seen seen = {.n = 0};
    size_t n = 0;
    if (directory == NULL)
        return 0;
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): nobody else reads from this DIR */
    for (struct dirent *entry = readdir(directory); entry != NULL; entry = readdir(directory)) {
        char file[4096];
        int len = snprintf(file, sizeof file, "%s/%s", path, entry->d_name);
        if (entry->d_name[0] != '.' && len > 0 && (size_t)len < sizeof file && !seen_before(&seen, file))
            n += anchors_add_file(a, file);
    }
    closedir(directory);
    errno = 0; /* it could be read; what is in it is another matter */
    return n;
}

size_t anchors_add_system(struct anchors *a)
{
    static const char *const files[] = {"/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt",
                                        "/etc/ssl/ca-bundle.pem", "/etc/ssl/cert.pem"};
    /* NOLINTNEXTLINE(concurrency-mt-unsafe): whoever alters the environment does so before there are threads */
    const char *file = getenv("SSL_CERT_FILE"), *directory = getenv("SSL_CERT_DIR");
    size_t n = 0;
    bool asked = (file != NULL && *file != '\0') || (directory != NULL && *directory != '\0');
    if (file != NULL && *file != '\0')
        n += anchors_add_file(a, file);
    if (directory != NULL && *directory != '\0')
        n += anchors_add_directory(a, directory);
    for (size_t i = 0; !asked && n == 0 && i < sizeof files / sizeof *files; i++)
        n = anchors_add_file(a, files[i]);
    return n > 0 || asked ? n : anchors_add_directory(a, "/etc/ssl/certs");
}

size_t anchors_count(const struct anchors *a)
{
    return a->n;
}

const struct certificate *anchors_at(const struct anchors *a, size_t n)
{
    return n < a->n ? &a->at[n]->certificate : NULL;
}

const struct certificate *anchors_find(const struct anchors *a, bytes subject, size_t i)
{
    return anchors_find_hashed(a, subject, name_hash(subject), i);
}

const struct certificate *anchors_find_hashed(const struct anchors *a, bytes subject, uint32_t hash, size_t i)
{
    if (a->room == 0)
        return NULL;
    for (uint32_t k = a->buckets[hash & (a->room - 1)]; k != 0; k = a->at[k - 1]->next) {
        const struct anchor *anchor = a->at[k - 1];
        if (anchor->hash == hash && name_equal(anchor->certificate.subject, subject) && i-- == 0)
            return &anchor->certificate;
    }
    return NULL;
}

const struct certificate *anchors_same(const struct anchors *a, bytes der, bytes subject, uint32_t hash)
{
    const struct certificate *found;
    for (size_t i = 0; (found = anchors_find_hashed(a, subject, hash, i)) != NULL; i++)
        if (bytes_equal(found->der, der))
            return found;
    return NULL;
}
