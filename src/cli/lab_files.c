/* cli/lab_files.c: the files of a lab: a CA that nobody else trusts, a second one that not even the lab's clients trust, and a
   certificate for every server, most of the last ones wrong in one point. All of it is `fede ca` with fixed options. */
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/ca.h"
#include "cli/lab.h"
#include "cli/words.h"

enum { DAYS_OF_CA = 30, DAYS = 14, TICKET_KEY = 32 };

static bool make_cas(const char *folder, const char *other, struct text *why);
static bool issue(struct ca_options o, const char *folder, const char *name, struct text *why);
static bool make_ticket_key(const char *folder, struct text *why);

bool lab_path(char out[LAB_PATH], const char *folder, const char *name, struct text *why)
{
    if (snprintf(out, LAB_PATH, "%s/%s", folder, name) < LAB_PATH)
        return true;
    text_format(why, "the path of %s is too long", name);
    return false;
}

bool lab_files(const char *folder, struct text *why)
{
    char other[LAB_PATH], path[LAB_PATH], staple[LAB_PATH];
    const struct ca_options server = {
        .folder = folder, .names = {LAB_NAME, "fede.test", "localhost"}, .n_names = 3, .days = DAYS};
    struct ca_options o;
    if (!lab_path(other, folder, "other", why) || !make_cas(folder, other, why))
        return false;
    if (!issue(server, folder, "ecdsa", why))
        return false;
    o = server;
    o.kind = FEDE_KEY_RSA;
    o.key_encipherment = true;
    if (!issue(o, folder, "rsa", why))
        return false;
    o = server;
    o.names[o.n_names++] = "127.0.0.1";
    if (!issue(o, folder, "address", why))
        return false;
    o = (struct ca_options){.folder = folder,
                            .names = {"alice@fede.test"},
                            .n_names = 1,
                            .days = DAYS,
                            .subject = "O=fede, CN=Alice",
                            .purposes = FEDE_FOR_CLIENT};
    if (!issue(o, folder, "client", why))
        return false;
    o = server;
    o.folder = other;
    if (!issue(o, folder, "foreign", why))
        return false;
    for (unsigned flaw = 0; flaw < FLAWS; flaw++) {
        o = server;
        o.flaws = 1u << flaw;
        if (!issue(o, folder, ca_flaws[flaw], why))
            return false;
    }
    o = (struct ca_options){.folder = folder, .out = staple};
    return lab_path(staple, folder, "ecdsa.ocsp", why) && lab_path(path, folder, "ecdsa.pem", why) &&
           ca_ocsp(&o, path, why) == EXIT_DONE && make_ticket_key(folder, why);
}

static bool make_cas(const char *folder, const char *other, struct text *why)
{
    struct ca_options o = {.folder = folder, .days = DAYS_OF_CA, .subject = "O=fede, CN=fede lab CA"};
    if (mkdir(other, 0700) != 0) {
        text_format(why, errno == EEXIST ? "%s: the folder holds a lab already; give an empty one" : "%s can't be made",
                    folder);
        return false;
    }
    if (ca_init(&o, why) != EXIT_DONE)
        return false;
    o.folder = other;
    o.subject = "O=Mallory, CN=A CA that nobody trusts";
    return ca_init(&o, why) == EXIT_DONE;
}

static bool issue(struct ca_options o, const char *folder, const char *name, struct text *why)
{
    char path[LAB_PATH];
    o.out = path;
    return lab_path(path, folder, name, why) && ca_issue(&o, why) == EXIT_DONE;
}

static bool make_ticket_key(const char *folder, struct text *why)
{
    uint8_t key[TICKET_KEY];
    if (getrandom(key, sizeof key, 0) != (ssize_t)sizeof key) {
        text_add(why, "the system gives no random bytes");
        return false;
    }
    bool written = ca_write_bytes(folder, "ticket.key", "", bytes_of(key, sizeof key), true, why);
    bytes_wipe(key, sizeof key);
    return written;
}

void lab_files_remove(const char *folder)
{
    char path[LAB_PATH], nobody[100];
    struct text ignored = text_in(nobody, sizeof nobody);
    DIR *all = opendir(folder);
    for (struct dirent *entry; all != NULL && (entry = readdir(all)) != NULL;) {
        if (!strcmp(entry->d_name, ".") || !strcmp(entry->d_name, "..") ||
            !lab_path(path, folder, entry->d_name, &ignored))
            continue;
        if (!strcmp(entry->d_name, "other"))
            lab_files_remove(path);
        else
            unlink(path);
    }
    if (all != NULL)
        closedir(all);
    rmdir(folder);
}
