/* fede/stream.h: the easy way. A connected, verified byte stream over a socket:

       fede_stream *s = fede_connect("www.example.org", "443", NULL, 10000);
       fede_stream_write(s, request, len);   fede_stream_read(s, answer, sizeof answer);
       fede_stream_close(s);

   fede_connect with a NULL config verifies the server against the system's trust anchors and the host name; nothing has
   to be switched on. All failures, from the name look-up to the certificate, are in fede_stream_error. SIGPIPE is never
   raised. */
#ifndef FEDE_STREAM_H
#define FEDE_STREAM_H

#include "fede/fede.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct fede_stream fede_stream;

/* fede_connect resolves host, connects by TCP (each address in turn, IPv6 first as resolved) and completes the handshake.
   port is a number or service name, NULL for 443. config NULL: the default, verified. limit_ms bounds the whole of it, 0
   for no limit. Blocks. Returns a stream in every case but lack of memory (NULL): ask fede_stream_error. The caller owns
   it, and gives it to fede_stream_close. */
FEDE_API fede_stream *fede_connect(const char *host, const char *port, fede_config *config, unsigned limit_ms);

/* fede_stream_over takes a connected socket and a fede connection made by the caller (client or server) and owns both from
   now on; the socket is made non-blocking. Does not block: the handshake is made by the first read, write or
   fede_stream_handshake. Without memory both are closed and freed and NULL is returned. */
FEDE_API fede_stream *fede_stream_over(int fd, fede_conn *conn);

/* fede_stream_handshake: 1 when complete, 0 when it would block (non-blocking streams) or a question is open (fede_ask on
   fede_stream_conn; answer it and call again), -1 when failed. */
FEDE_API int fede_stream_handshake(fede_stream *stream);

/* fede_stream_limit sets the time limit in milliseconds for each later call, 0 for none; fede_stream_blocking switches
   between waiting and returning FEDE_WOULD_BLOCK. A stream starts as blocking and without limit, also after fede_connect.
   A limit that is reached is a failure like any other: the stream can't be used any more. */
FEDE_API void fede_stream_limit(fede_stream *stream, unsigned ms);
FEDE_API void fede_stream_blocking(fede_stream *stream, bool on);

/* fede_stream_read: bytes read (at least 1), 0 when the peer has closed in order (close_notify), or one of: */
enum { FEDE_STREAM_FAILED = -1, FEDE_WOULD_BLOCK = -2 };
FEDE_API ptrdiff_t fede_stream_read(fede_stream *stream, void *out, size_t size);

/* fede_stream_write: when blocking all of len or failure; when not, bytes taken (at least 1) or FEDE_WOULD_BLOCK. Bytes
   taken may still wait inside: fede_stream_flush is 1 when all is with the kernel, 0 when it would block, -1 on failure. */
FEDE_API ptrdiff_t fede_stream_write(fede_stream *stream, const void *data, size_t len);
FEDE_API int fede_stream_flush(fede_stream *stream);

/* fede_stream_wants: poll events (POLLIN, POLLOUT) to wait for before the next call; fede_stream_fd: what to wait on, -1
   when there is no socket. Read until FEDE_WOULD_BLOCK before waiting: data may already be inside. */
FEDE_API short fede_stream_wants(fede_stream *stream);
FEDE_API int fede_stream_fd(const fede_stream *stream);

/* fede_stream_finish sends close_notify (half close: reading goes on). fede_stream_close sends it if that is still to do,
   within the time limit (two seconds when there is none; a non-blocking stream tries once), waits for nothing else, closes the
   socket and frees all. true: no failure was seen. NULL is fine. */
FEDE_API bool fede_stream_finish(fede_stream *stream);
FEDE_API bool fede_stream_close(fede_stream *stream);

/* fede_stream_conn: the connection inside, for fede_conn_info. Owned by the stream. */
FEDE_API fede_conn *fede_stream_conn(fede_stream *stream);

/* fede_stream_error: NULL while all is well. Owned by the stream. */
FEDE_API const fede_error *fede_stream_error(const fede_stream *stream);

#ifdef __cplusplus
}
#endif
#endif
