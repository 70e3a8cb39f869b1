/* examples/client.c: asks a server for its front page: client HOST [PORT [CA-FILE]]

   Three calls do the work: fede_connect, fede_stream_write and fede_stream_read. The server's certificate is verified without
   anything being switched on; with CA-FILE against the certificates in it instead of the system's. */
#include <stdio.h>
#include <string.h>

#include <fede/stream.h>

static int failed(fede_stream *stream)
{
    char text[1024];

    fede_error_text(fede_stream_error(stream), text, sizeof text);
    fprintf(stderr, "%s\n", text);
    fede_stream_close(stream);
    return 1;
}

int main(int argc, char **argv)
{
    char request[600], answer[16384];
    fede_config *config = NULL;
    ptrdiff_t n;

    if (argc < 2) {
        fprintf(stderr, "usage: client HOST [PORT [CA-FILE]]\n");
        return 2;
    }
    if (argc > 3) {
        config = fede_config_new();
        if (!config || !fede_config_trust_file(config, argv[3])) {
            fprintf(stderr, "%s can't be used\n", argv[3]);
            return 2;
        }
    }
    fede_stream *stream = fede_connect(argv[1], argc > 2 ? argv[2] : NULL, config, 10000);
    fede_config_free(config);
    if (!stream || fede_stream_error(stream))
        return stream ? failed(stream) : 1;
    fede_stream_limit(stream, 10000);

    snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %.255s\r\nConnection: close\r\n\r\n", argv[1]);
    if (fede_stream_write(stream, request, strlen(request)) < 0)
        return failed(stream);
    while ((n = fede_stream_read(stream, answer, sizeof answer)) > 0)
        fwrite(answer, 1, (size_t)n, stdout);
    if (n < 0)
        return failed(stream);
    fede_stream_close(stream);
    return 0;
}
