/* See bounded.h. */
#include "bounded.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { ROOM = 1 << 20 };
size_t passed, failed;
static uint8_t *edge;

void check(bool good, const char *what, bytes input)
{
    if (good) {
        passed++;
        return;
    }
    if (++failed > 20)
        return;
    printf("not ok: %s:", what);
    for (size_t i = 0; i < input.len && i < 32; i++)
        printf(" %02x", input.data[i]);
    printf(" (%zu bytes)\n", input.len);
}

bytes at_the_edge(bytes input)
{
    bytes_copy(edge - input.len, input.data, input.len);
    return bytes_of(edge - input.len, input.len);
}

void every_string(bytes alphabet, size_t longest, void (*each)(bytes input))
{
    uint16_t digits[16] = {0};
    uint8_t string[16];
    for (size_t len = 0; len <= longest; len++) {
        memset(digits, 0, sizeof digits);
        for (bool more = true; more;) {
            for (size_t i = 0; i < len; i++)
                string[i] = alphabet.data[digits[i]];
            each(at_the_edge(bytes_of(string, len)));
            size_t i = 0;
            while (i < len && ++digits[i] == alphabet.len)
                digits[i++] = 0;
            more = i < len;
        }
    }
}

int main(int argc, char **argv)
{
    static const struct { const char *name; void (*run)(bool all); } parts[] = {
        {"DER cursor", bounded_der}, {"codec", bounded_wire}, {"frame", bounded_frame}, {"fragments", bounded_fragment},
        {"flow", bounded_flow}};
    const size_t page = (size_t)sysconf(_SC_PAGESIZE);
    bool all = argc > 1 && strcmp(argv[1], "--all") == 0;
    uint8_t *room = mmap(NULL, ROOM + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED || mprotect(room + ROOM, page, PROT_NONE) != 0) {
        printf("no memory with an edge\n");
        return 2;
    }
    edge = room + ROOM;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        size_t before = passed + failed;
        parts[i].run(all);
        printf("%-12s %zu checks\n", parts[i].name, passed + failed - before);
    }
    printf("bounded: %zu passed, %zu failed\n", passed, failed);
    return failed != 0 || passed == 0;
}
