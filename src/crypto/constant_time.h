/* Arithmetic instead of branches, for secret numbers below 2^31. A mask is 0 or all ones. The values pass through hidden(),
   so that a compiler does not find out that a mask has two values only, and make a branch of it again. */
#ifndef CRYPTO_CONSTANT_TIME_H
#define CRYPTO_CONSTANT_TIME_H

#include <stdint.h>

static inline uint32_t hidden(uint32_t value)
{
    volatile uint32_t there = value;
    return there;
}
static inline uint32_t mask_below(uint32_t a, uint32_t b) { return 0u - hidden((a - b) >> 31); } /* a < b */
static inline uint32_t mask_zero(uint32_t a) { return 0u - hidden(((a - 1u) & ~a) >> 31); }
static inline uint32_t mask_equal(uint32_t a, uint32_t b) { return mask_zero(a ^ b); }
static inline uint32_t mask_select(uint32_t mask, uint32_t a, uint32_t b) { return (mask & a) | (~mask & b); }

#endif
