/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "base/buffer.h"
#include "engine/letter.h"

const char *const letter_classes[LETTER_CLASSES + 1] = {"malformed", "value",    "rejected", "too_large",
                                                        "killed",    "given_up", "other",    NULL};

size_t letter_class_index(const char *class)
{
    for (size_t i = 0; i + 1 < LETTER_CLASSES; i++)
        if (strcmp(class, letter_classes[i]) == 0)
            return i;
    return LETTER_CLASSES - 1;
}

void letter_identify(struct sp_letter *letter)
{
    SP_AUTO(buffer_fini) struct buffer text = {0};
    /* The NUL keeps ("ab", "c") and ("a", "bc") apart. */
    buffer_add(&text, letter->pipeline, strlen(letter->pipeline) + 1);
    buffer_add(&text, letter->event.data, letter->event.size);
    sp_sha256(text.data, text.size, letter->id);
}

struct sp_letter letter_rejected_by_queue(struct sp_slice event, const char *queue, const char *reason)
{
    return (struct sp_letter){
        .event = event, .stage = "queue", .plugin = queue, .class = "rejected", .reason = reason};
}
