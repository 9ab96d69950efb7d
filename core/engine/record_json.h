/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RECORD_JSON_H
#define ENGINE_RECORD_JSON_H

/* What the state's records have in common as JSON.  What is missing, or of another type, reads as nothing. */

#include "base/buffer.h"
#include "engine/holder.h"

#include <json-c/json.h>

void json_put_at(json_object **object); /* for SP_AUTO */

/* NULL: it is no JSON, or `null`.  Where memory runs out the process ends, which is not taken for a foreign
 * record. */
json_object *json_parse(const char *text);

const char *json_text_in(json_object *object, const char *key); /* "" */
int64_t json_number_in(json_object *object, const char *key);
uint64_t json_nonce_in(json_object *object, const char *key); /* 16 hexadecimal digits */
bool json_flag_in(json_object *object, const char *key);

/* The member "holder"; false where there is none: nobody holds it. */
bool json_take_holder(json_object *object, struct holder *out);

/* Writing is done by hand: json-c leaves out what it has no memory for. */
void json_add_nonce(struct buffer *out, uint64_t nonce);
void json_add_holder(struct buffer *out, const struct holder *holder); /* NULL: null */

#endif
