/* Appending to the key log: each line in one write, so that with O_APPEND lines of several threads and programs don't mix. A file
   system that is full takes a part of a line, or none: the rest is tried once more, and what stays torn is ended by the next line
   that fits, so that readers lose the torn line alone. Whoever wanted the keys hears of it, once; connections go on. */
#include "cli/key_out.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/words.h"

static int add_line(struct key_out *k, const char *line, size_t len);

int key_out_open(struct key_out *k, const char *path)
{
    k->path = path;
    k->fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    return k->fd < 0 ? errno : 0;
}

void key_out_close(struct key_out *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

bool key_out_add(struct key_out *k, const fede_event *event, struct text *why)
{
    char line[1 + 256] = "\n";
    if (k->fd < 0)
        return true;
    size_t len = fede_keylog_line(event, line + 1, sizeof line - 1);
    bool torn = len > 0 && atomic_exchange(&k->torn, false);
    int number = len > 0 ? add_line(k, torn ? line : line + 1, torn ? len + 1 : len) : 0;
    bytes_wipe(line, sizeof line);
    if (number == 0 || atomic_exchange(&k->told, true))
        return true;
    text_add(why, "The key log ");
    text_escaped(why, bytes_text(k->path));
    text_format(why, " can't be written (%s): keys are missing there. Connections go on.", strerror(number));
    return false;
}

static int add_line(struct key_out *k, const char *line, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t n = write(k->fd, line + at, len - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            int number = n < 0 ? errno : ENOSPC;
            if (at > 0 || line[0] == '\n')
                atomic_store(&k->torn, true);
            return number;
        }
        at += (size_t)n;
    }
    return 0;
}
