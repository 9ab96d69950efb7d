/* SPDX-License-Identifier: Apache-2.0 */
/* Envelopes: any bytes are read or told; what was read is written and read again the same; and the input as
 * an event comes back byte for byte. */
#include <config.h>

#include "base/arena.h"

#include <assert.h>
#include <scanpipe/envelope.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct sp_letter read_again(const struct sp_letter *letter, struct sp_arena *arena)
{
    struct sp_letter again;
    struct sp_error err;
    struct sp_slice text = sp_envelope_format(letter, arena);
    assert(!text.size || (!memchr(text.data, '\n', text.size) && !memchr(text.data, '\0', text.size)));
    if (sp_envelope_parse(text, arena, &again, &err) != 0)
        abort();
    return again;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sp_arena *arena = arena_new(4096);
    struct sp_slice input = {(const char *)data, size};
    struct sp_letter letter, again;
    struct sp_error err;
    if (sp_envelope_parse(input, arena, &letter, &err) == 0) {
        again = read_again(&letter, arena);
        assert(memcmp(again.id, letter.id, sizeof again.id) == 0 &&
               sp_slice_equal(again.event, letter.event));
        assert(again.attempts == letter.attempts && again.first_wall_ms == letter.first_wall_ms);
        assert(!letter.reason == !again.reason && (!letter.reason || !strcmp(letter.reason, again.reason)));
    } else {
        assert(err.class == SP_REJECTED && err.text[0]);
    }
    letter = (struct sp_letter){.event = input};
    again = read_again(&letter, arena);
    assert(sp_slice_equal(again.event, input));
    arena_free(arena);
    return 0;
}
