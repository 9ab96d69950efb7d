/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

/* The functions of SHA-256 alone: they cannot fail.  Those of EVP look for a provider at each digest, and
 * need memory for it. */
#define OPENSSL_API_COMPAT 0x10100000L
#include <endian.h>
#include <openssl/sha.h>
#include <scanpipe/host.h>

void sp_sha256(const void *data, size_t size, unsigned char out[SP_SHA256_SIZE])
{
    SHA256_CTX state;
    SHA256_Init(&state);
    SHA256_Update(&state, data, size);
    SHA256_Final(out, &state);
}

struct sip {
    uint64_t v0, v1, v2, v3;
};

static uint64_t rotated(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static inline void sip_round(struct sip *s)
{
    s->v0 += s->v1;
    s->v1 = rotated(s->v1, 13) ^ s->v0;
    s->v0 = rotated(s->v0, 32);
    s->v2 += s->v3;
    s->v3 = rotated(s->v3, 16) ^ s->v2;
    s->v0 += s->v3;
    s->v3 = rotated(s->v3, 21) ^ s->v0;
    s->v2 += s->v1;
    s->v1 = rotated(s->v1, 17) ^ s->v2;
    s->v2 = rotated(s->v2, 32);
}

/* The last bytes of the input, fewer than eight. */
static uint64_t load_tail(const unsigned char *bytes, size_t count)
{
    uint64_t value = 0;
    memcpy(&value, bytes, count);
    return le64toh(value);
}

static inline uint64_t load_word(const unsigned char *bytes)
{
    uint64_t value;
    memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

static inline void sip_word(struct sip *s, uint64_t word)
{
    s->v3 ^= word;
    sip_round(s);
    sip_round(s);
    s->v0 ^= word;
}

static uint64_t sip_output(struct sip *s)
{
    for (int i = 0; i < 4; i++)
        sip_round(s);
    return s->v0 ^ s->v1 ^ s->v2 ^ s->v3;
}

struct sp_digest128 sp_siphash128(const uint64_t key[2], const void *data, size_t size)
{
    const unsigned char *bytes = data;
    /* The initial constants spell "somepseudorandomlygeneratedbytes"; 0xee marks 128 bits of output. */
    struct sip s = {key[0] ^ 0x736f6d6570736575, key[1] ^ 0x646f72616e646f6d ^ 0xee,
                    key[0] ^ 0x6c7967656e657261, key[1] ^ 0x7465646279746573};
    size_t left = size;
    for (; left >= 8; bytes += 8, left -= 8)
        sip_word(&s, load_word(bytes));
    sip_word(&s, (uint64_t)size << 56 | load_tail(bytes, left));
    s.v2 ^= 0xee;
    uint64_t low = sip_output(&s);
    s.v1 ^= 0xdd;
    return (struct sp_digest128){low, sip_output(&s)};
}
