/* SPDX-License-Identifier: Apache-2.0 */
#ifndef ENGINE_RECORD_JSON_H
#define ENGINE_RECORD_JSON_H

/* What the state's records have in common as JSON.  What is missing, or of another type, reads as nothing. */

#include "engine/holder.h"

#include <json-c/json.h>

void json_put_at(json_object **object); /* for SP_AUTO */

const char *json_text_in(json_object *object, const char *key); /* "" */
int64_t json_number_in(json_object *object, const char *key);
uint64_t json_nonce_in(json_object *object, const char *key); /* 16 hexadecimal digits */
bool json_flag_in(json_object *object, const char *key);

/* The member "holder"; false where there is none: nobody holds it. */
bool json_take_holder(json_object *object, struct holder *out);

json_object *json_of_holder(const struct holder *holder);
json_object *json_of_nonce(uint64_t nonce);

#endif
