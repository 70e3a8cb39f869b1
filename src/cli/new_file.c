/* cli/new_file.c: writing a file that may hold secrets. A new one is made with mode 0600 and must not be there; one that
   replaces another is written beside it and takes its place at the end, so that a file can be its own source. */
#include "cli/new_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/words.h"

bool new_file_open(struct new_file *f, const char *path, bool overwrite, struct text *why)
{
    *f = (struct new_file){.out = stdout, .path = path};
    if (path == NULL || strcmp(path, "-") == 0)
        return true;
    struct stat there;
    f->replaces = overwrite && lstat(path, &there) == 0;
    snprintf(f->made, sizeof f->made, f->replaces ? "%s.XXXXXX" : "%s", path);
    if (strlen(path) + sizeof ".XXXXXX" > sizeof f->made) {
        text_format(why, "the name of the output file is too long");
        return false;
    }
    int fd = f->replaces ? mkstemp(f->made) : open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    f->out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (f->out != NULL)
        return true;
    if (errno == EEXIST)
        text_format(why, "%s exists already; --overwrite replaces it", path);
    else
        text_format(why, "%s can't be written: %s", path, strerror(errno));
    if (fd >= 0)
        close(fd);
    return false;
}

bool new_file_close(struct new_file *f, bool keep, struct text *why)
{
    if (f->out == stdout)
        return fflush(stdout) == 0;
    bool written = fflush(f->out) == 0 && (!keep || fsync(fileno(f->out)) == 0 || errno == EINVAL);
    written = fclose(f->out) == 0 && written;
    if (written && keep && f->replaces)
        written = rename(f->made, f->path) == 0;
    if (!written)
        text_format(why, "%s can't be written: %s", f->path, strerror(errno));
    if (!written || !keep)
        unlink(f->made);
    return written;
}
