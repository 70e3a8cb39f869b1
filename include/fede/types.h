/* fede/types.h: the two shapes in which bytes cross the interface. */
#ifndef FEDE_TYPES_H
#define FEDE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#if defined(__GNUC__)
#define FEDE_API __attribute__((visibility("default")))
#else
#define FEDE_API
#endif

/* Borrowed bytes: whoever made them keeps them. data may be NULL when len is 0. */
typedef struct fede_bytes {
    const uint8_t *data;
    size_t len;
} fede_bytes;

/* Room to be filled by the caller. */
typedef struct fede_room {
    uint8_t *data;
    size_t len;
} fede_room;

/* Where memory comes from. alloc returns NULL when there is none; free gets the size that was asked for.
   Both may be called from any thread that uses a config or connection made with it. */
typedef struct fede_allocator {
    void *(*alloc)(void *arg, size_t size);
    void (*free)(void *arg, void *p, size_t size);
    void *arg;
} fede_allocator;

#endif
