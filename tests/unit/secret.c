/* Does a branch or an address depend on a secret? Run under valgrind, where secrets are marked as undefined: memcheck
   then reports every jump and every index that depends on one. Outside valgrind this program shows nothing.

   With the argument "broken" it compares a secret with memcmp instead, which must be reported: the check of the check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <valgrind/memcheck.h>

#include "crypto/crypto.h"
#include "keys/schedule12.h"

static volatile int sink;

int main(int argc, char **argv)
{
    uint8_t premaster[48], random[32] = {1}, master[MASTER_LEN], ours[VERIFY_DATA_LEN], theirs[VERIFY_DATA_LEN] = {0};
    memset(premaster, 0x5c, sizeof premaster);
    if (!RUNNING_ON_VALGRIND)
        printf("not under valgrind: nothing is checked\n");
    for (size_t i = 0; suite_at(i) != NULL; i++) {
        const struct suite *suite = suite_at(i);
        struct key_block keys;
        VALGRIND_MAKE_MEM_UNDEFINED(premaster, sizeof premaster);
        master_extended(suite->hash, BYTES_OF(premaster), BYTES_OF(random), master);
        master_classic(suite->hash, BYTES_OF(premaster), random, random, master);
        key_block_make(suite, master, random, random, &keys);
        verify_data_make(suite->hash, master, true, BYTES_OF(random), ours);

        bool equal;
        if (argc > 1 && strcmp(argv[1], "broken") == 0)
            equal = memcmp(ours, theirs, sizeof ours) == 0;
        else
            equal = bytes_equal_secret(BYTES_OF(ours), BYTES_OF(theirs));
        VALGRIND_MAKE_MEM_DEFINED(&equal, sizeof equal); /* the answer is public */
        if (equal)
            sink++;
        bytes_wipe(&keys, sizeof keys);
    }
    return 0;
}
