/* SPDX-License-Identifier: Apache-2.0 */
#ifndef SCANPIPE_HOST_H
#define SCANPIPE_HOST_H

/*
 * What the core offers to plugins: time, randomness, a voice, digests.  Any thread may call any of
 * it; nothing blocks.
 */

#include <scanpipe/base.h>

/* Nanoseconds of CLOCK_BOOTTIME: it never jumps, and goes on while the machine sleeps. */
SP_API int64_t sp_clock_now(void);

/* Wall clock, milliseconds since 1970: for people and for protocols, never to decide with. */
SP_API int64_t sp_clock_wall_ms(void);

/* 64 bits that cannot be guessed. */
SP_API uint64_t sp_random(void);

enum sp_level { SP_ERROR = 0, SP_WARN = 1, SP_INFO = 2, SP_DEBUG = 3 };

/* One line of the log, in the name of the stage whose call this thread is in.  No secrets. */
SP_API void sp_log(enum sp_level level, const char *format, ...) SP_PRINTF(2, 3);

/* What is told to people of a store, a server or its settings: an error is wrong, a warning will be trouble
 * some day.  Frozen within an ABI major. */
struct sp_finding {
    enum sp_level level;
    const char *text; /* one sentence, without a full stop */
};

/* SHA-256 (FIPS 180-4). */
#define SP_SHA256_SIZE 32
SP_API void sp_sha256(const void *data, size_t size, unsigned char out[SP_SHA256_SIZE]);

/* SipHash-2-4 with 128 bits out (Aumasson, Bernstein: "SipHash: a fast short-input PRF", 2012): to
 * tell repeated bytes where a digest of SHA-256 would cost more than the work itself.  With a key
 * that nobody knows, nobody makes two inputs collide. */
struct sp_digest128 {
    uint64_t low, high;
};
SP_API struct sp_digest128 sp_siphash128(const uint64_t key[2], const void *data, size_t size);

#endif
