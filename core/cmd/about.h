/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_ABOUT_H
#define CMD_ABOUT_H

/* What a plugin can do and what may be written for it: told once, printed in several ways. */

#include "cmd/cmd.h"
#include "config/options.h"

enum about_list { ABOUT_ABILITIES, ABOUT_PLUGIN_OPTIONS, ABOUT_CORE_OPTIONS };

/* One way of printing.  Lists follow one another. */
struct about_format {
    void (*head)(struct buffer *out, const struct plugin *plugin); /* may be NULL */
    void (*list)(struct buffer *out, enum about_list which, const char *title, size_t count);
    void (*ability)(struct buffer *out, const char *text);
    option_printer *option;
    void (*end)(struct buffer *out, enum about_list which, size_t count);
    bool with_core; /* whether what is the same for every plugin is told with each */
};

extern const struct about_format about_text;
extern const struct about_format about_mdoc; /* lists to put into a manual page */

/* `stage` is what the file calls the kind. */
void about_plugin(struct buffer *out, const struct plugin *plugin, const char *stage,
                  const struct about_format *format);

/* The core's options of a stage, of "stage", or of "pipeline". */
void about_core(struct buffer *out, const char *stage, const struct about_format *format);

#endif
