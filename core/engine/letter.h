/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_LETTER_H
#define ENGINE_LETTER_H

/* Making dead letters.  Pure. */

#include <scanpipe/letters.h>

/* Reason classes, for counting.  The index is letter_class_index(). */
extern const char *const letter_classes[];
enum { LETTER_CLASSES = 7 };
size_t letter_class_index(const char *class);

/* The digest of pipeline and bytes: storing the same event twice is storing it once. */
void letter_identify(struct sp_letter *letter);

/* Of what the queue can never hold; `queue` is the plugin's name.  All of it is borrowed. */
struct sp_letter letter_rejected_by_queue(struct sp_slice event, const char *queue, const char *reason);

#endif
