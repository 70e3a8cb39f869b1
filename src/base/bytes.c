/* base/bytes.c: comparing, copying and wiping bytes.

   memcpy and memmove are called here, with the empty case made harmless (C leaves memcpy of nothing from NULL
   undefined). Compare for secrets and wiping keep their promise against the optimiser by going through volatile. */
#include "base/bytes.h"

bool bytes_equal_secret(bytes a, bytes b)
{
    if (a.len != b.len)
        return false;
    volatile uint8_t difference = 0; /* volatile: no early end may be made of the loop */
    for (size_t i = 0; i < a.len; i++)
        difference = (uint8_t)(difference | (a.data[i] ^ b.data[i]));
    return difference == 0;
}

void bytes_copy(void *to, const void *from, size_t len)
{
    if (len > 0)
        memcpy(to, from, len);
}

void bytes_move(void *to, const void *from, size_t len)
{
    if (len > 0)
        memmove(to, from, len);
}

/* Called through a volatile pointer, so the compiler can't know that it is memset and that nobody reads the result. */
static void *(*const volatile wipe)(void *, int, size_t) = memset;

void bytes_wipe(void *p, size_t len)
{
    if (len > 0)
        wipe(p, 0, len);
}
