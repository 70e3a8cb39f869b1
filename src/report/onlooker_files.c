/* report/onlooker_files.c: captures and key logs opened, before anything is told.

   What can't be opened, or is no capture at all, is said first. Standard input is put into a file, for captures are read more
   than once. Secrets blocks are read from all captures before the first packet of any. */
#include "report/onlooker_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "report/onlooker_keys.h"

static int spool(struct look *l);

bool look_open(struct look *l)
{
    const struct onlooker_request *q = l->request;
    bool good = true;
    l->fds = calloc(q->n_files, sizeof *l->fds);
    if (q->live && l->fds != NULL) {
        l->fds[0] = dup(q->live_fd);
        return l->fds[0] >= 0;
    }
    for (size_t i = 0; l->fds != NULL && i < q->n_files; i++) {
        l->fds[i] = strcmp(q->files[i], "-") == 0 ? spool(l) : open(q->files[i], O_RDONLY | O_CLOEXEC);
        if (l->fds[i] < 0) {
            look_problem(l, q->files[i], strerror(errno));
            good = false;
        } else if (lseek(l->fds[i], 0, SEEK_CUR) < 0) { /* a pipe by name */
            int piped = l->fds[i];
            l->fds[i] = dup2(piped, STDIN_FILENO) < 0 ? -1 : spool(l);
            close(piped);
            good = good && l->fds[i] >= 0;
        }
    }
    /* What is no capture at all is said before anything else. */
    for (size_t i = 0; good && i < q->n_files; i++) {
        struct input *input = lseek(l->fds[i], 0, SEEK_SET) == 0 ? input_file(l->fds[i]) : NULL;
        struct capture c;
        char line[200];
        if (input == NULL)
            return false;
        capture_start(&c, input);
        c.secrets_only = true;
        bytes head = input_peek(input, 4);
        bool foreign = head.len < 4 || (load32(head.data) != 0x0a0d0d0a && capture_next(&c).what == CAPTURE_END &&
                                        c.form == CAPTURE_FOREIGN);
        struct text t = text_in(line, sizeof line);
        text_add(&t, head.len == 0  ? "it is empty"
                     : head.len < 4 ? "it is too short to be a capture"
                                    : "it is no capture: neither pcap nor pcapng (gzip of these is fine)");
        if (input_problem(input) != NULL) {
            text_add(&t, "; ");
            text_add(&t, input_problem(input));
        }
        if (head.len >= 4 && (memcmp(head.data, "CLIE", 4) == 0 || memcmp(head.data, "SERV", 4) == 0))
            text_add(&t, ". It looks like a key log: give it with --keylog");
        if (foreign)
            look_problem(l, q->files[i], line);
        good = !foreign;
        capture_end(&c);
        input_free(input);
    }
    return good && l->fds != NULL;
}

/* Standard input is read more than once: into a file without a name. */
static int spool(struct look *l)
{
    FILE *file = tmpfile();
    int fd = file != NULL ? dup(fileno(file)) : -1;
    char block[65536];
    ssize_t n = 0;
    (void)l;
    if (file != NULL)
        fclose(file);
    while (fd >= 0 && (n = read(STDIN_FILENO, block, sizeof block)) != 0) {
        if (n < 0 && errno == EINTR)
            continue;
        ssize_t written = 0, more = 0;
        while (n > 0 && written < n && (more = write(fd, block + written, (size_t)(n - written))) > 0)
            written += more;
        if (n < 0 || more < 0) {
            close(fd);
            return -1;
        }
    }
    return fd;
}

bool look_keylogs(struct look *l)
{
    const char *where = "", *refused = "";
    if (!onlooker_keys(l->request, &l->secrets, &where, &refused)) {
        look_problem(l, where, refused);
        return false;
    }
    for (size_t i = 0; i < l->request->n_keylogs; i++) {
        const char *path = l->request->keylogs[i];
        uint64_t lines = l->secrets.lines, foreign = l->secrets.foreign;
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        struct input *input = fd >= 0 ? input_file(fd) : NULL;
        if (input == NULL) {
            look_problem(l, path, fd < 0 ? strerror(errno) : "there is not enough memory");
            if (fd >= 0)
                close(fd);
            return false;
        }
        secrets_read(&l->secrets, input);
        const char *trouble = input_problem(input);
        if (trouble != NULL)
            look_problem(l, path, trouble);
        else if (l->secrets.lines == lines)
            look_problem(l, path,
                         l->secrets.foreign > foreign ? "no line of it is a key log entry"
                                                      : "the key log has no entry");
        input_free(input);
        close(fd);
        if (trouble != NULL)
            return false;
    }
    return true;
}

void look_secrets_blocks(struct look *l)
{
    for (size_t i = 0; i < l->request->n_files; i++) {
        struct input *input = lseek(l->fds[i], 0, SEEK_SET) == 0 ? input_file(l->fds[i]) : NULL;
        struct capture c;
        if (input == NULL)
            continue;
        capture_start(&c, input);
        analysis_secrets(&c, &l->secrets);
        capture_end(&c);
        input_free(input);
    }
}
