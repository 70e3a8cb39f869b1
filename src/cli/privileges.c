/* cli/privileges.c: rights given up once interfaces and files are open. Packets are parsed afterwards, by a process that can
   no more than the user who asked for them.

   Root becomes the user behind sudo, or nobody, or the one of --user. Without root the capabilities that setcap gave
   (capabilities(7)) are put down. */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "cli/capture.h"
#include "cli/words.h"

static bool who(const char *user, uid_t *uid, gid_t *gid, struct text *why);
static bool no_capabilities(void);

bool privileges_drop(const char *user, const int *fds, size_t n_fds, struct text *why)
{
    uid_t uid;
    gid_t gid;
    if (geteuid() == 0) {
        if (!who(user, &uid, &gid, why))
            return false;
        for (size_t i = 0; i < n_fds; i++)
            if (fds[i] >= 0 && fchown(fds[i], uid, gid) != 0 && errno != EPERM && errno != EINVAL) {
                text_format(why, "a file can't be given to the user: %s", strerror(errno));
                return false;
            }
        if (uid != 0 && (setgroups(0, NULL) != 0 || setgid(gid) != 0 || setuid(uid) != 0 || setuid(0) == 0)) {
            text_format(why, "root's rights can't be given up: %s", strerror(errno));
            return false;
        }
    } else if (user != NULL) {
        text_format(why, "--user is for root");
        return false;
    }
    if (!no_capabilities() || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
        text_format(why, "capabilities can't be given up: %s", strerror(errno));
        return false;
    }
    return true;
}

static bool number(const char *name, unsigned long *out)
{
    const char *value = getenv(name);
    char *end = NULL;
    *out = value != NULL ? strtoul(value, &end, 10) : 0;
    return value != NULL && *value != '\0' && *end == '\0';
}

static bool who(const char *user, uid_t *uid, gid_t *gid, struct text *why)
{
    unsigned long u, g;
    if (user == NULL && number("SUDO_UID", &u) && number("SUDO_GID", &g)) {
        *uid = (uid_t)u;
        *gid = (gid_t)g;
        return true;
    }
    const struct passwd *entry = getpwnam(user != NULL ? user : "nobody");
    if (entry == NULL) {
        text_format(why, "there is no user \"%s\" to go on as; name one with --user", user != NULL ? user : "nobody");
        return false;
    }
    *uid = entry->pw_uid;
    *gid = entry->pw_gid;
    return true;
}

/* glibc has no function for it. */
static bool no_capabilities(void)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {{0}};
    return syscall(SYS_capset, &head, none) == 0;
}
