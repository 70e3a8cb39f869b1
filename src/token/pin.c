/* token/pin.c: where a PIN comes from. The URI's own word counts first, then what the caller was given, the environment, and
   the terminal if there is one. It is never shown, and wiped by whoever asked for it. RFC 7512 2.4. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>

#include "token/inside.h"

static bool take(char *out, const char *pin, struct text *why);
static bool from_file(char *out, const char *source, struct text *why);
static bool from_terminal(char *out, const struct token *token, struct text *why);

bool pin_read(const struct token *token, const char *password, char out[PIN_MOST], const char **from, struct text *why)
{
    const char *value = p11_kit_uri_get_pin_value(token->uri), *source = p11_kit_uri_get_pin_source(token->uri);
    const char *variable = getenv("FEDE_PIN");
    const struct {
        const char *pin, *from;
    } given[] = {{value, "pin-value"}, {source, "pin-source"}, {password, "--pass"}, {variable, "FEDE_PIN"}};
    for (size_t i = 0; i < sizeof given / sizeof *given; i++) {
        *from = given[i].from;
        if (given[i].pin != NULL)
            return given[i].pin == source ? from_file(out, source, why) : take(out, given[i].pin, why);
    }
    *from = "the terminal";
    return from_terminal(out, token, why);
}

static bool take(char *out, const char *pin, struct text *why)
{
    size_t len = strlen(pin);
    if (len >= PIN_MOST) {
        text_add(why, "the PIN is longer than a PIN can be");
        return false;
    }
    bytes_copy(out, pin, len + 1);
    return true;
}

/* The first line of PATH or file:PATH. Programs to run (|COMMAND) are for whoever starts this one. */
static bool from_file(char *out, const char *source, struct text *why)
{
    if (strncmp(source, "file:", 5) == 0)
        source += strncmp(source, "file:///", 8) == 0 ? 7 : 5;
    FILE *file = source[0] != '|' ? fopen(source, "r") : NULL;
    if (file != NULL)
        setvbuf(file, NULL, _IONBF, 0); /* no copy of the PIN stays in a buffer */
    bool read = file != NULL && fgets(out, PIN_MOST, file) != NULL;
    if (!read) {
        text_add(why, "pin-source ");
        text_escaped(why, bytes_text(source));
        text_add(why, source[0] == '|' ? " names a program: it must be a file, the PIN its first line"
                      : file == NULL   ? " can't be read: "
                                       : " is empty");
        text_add(why, source[0] != '|' && file == NULL ? strerror(errno) : "");
    } else {
        out[strcspn(out, "\r\n")] = '\0';
    }
    if (file != NULL)
        fclose(file);
    return read;
}

static bool from_terminal(char *out, const struct token *token, struct text *why)
{
    struct termios before, silent;
    int fd = isatty(STDERR_FILENO) ? open("/dev/tty", O_RDWR | O_CLOEXEC) : -1;
    ssize_t n = -1;
    if (fd >= 0 && tcgetattr(fd, &before) == 0) {
        char line[200];
        struct text ask = text_in(line, sizeof line);
        text_add(&ask, "PIN of ");
        token_named(&ask, token);
        text_add(&ask, ": ");
        silent = before;
        silent.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(fd, TCSAFLUSH, &silent);
        n = write(fd, line, strlen(line)) > 0 ? read(fd, out, PIN_MOST - 1) : -1;
        tcsetattr(fd, TCSAFLUSH, &before);
        n = write(fd, "\n", 1) == 1 ? n : -1;
        out[n > 0 ? n : 0] = '\0';
        out[strcspn(out, "\r\n")] = '\0';
    }
    if (fd >= 0)
        close(fd);
    if (n <= 0) {
        token_named(why, token);
        text_add(why, " wants a PIN: give pin-source=FILE in the URI, --pass or FEDE_PIN");
    }
    return n > 0;
}
