/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CMD_DLQ_H
#define CMD_DLQ_H

/* What `scanpipe dlq` was asked for. */

#include "cmd/cmd.h"
#include "ops/choose.h"

enum { DLQ_IDS = 64 };

struct dlq_options {
    const char *file;
    struct letters_query query;
    struct id_prefix ids[DLQ_IDS]; /* query.ids points here */
    bool has_filter;
    bool json;
    bool all, dry_run, yes; /* purge; redrive has dry_run as well */
    bool envelopes;         /* export */
    const char *output;     /* export; NULL: standard output */
    struct sp_rate rate;    /* redrive */
};

/* Each does its command with a pipeline that was loaded, and returns the exit code. */
int dlq_list(const struct pipeline *pipeline, const struct dlq_options *options);
int dlq_show(const struct pipeline *pipeline, const struct dlq_options *options);
int dlq_export(const struct pipeline *pipeline, const struct dlq_options *options);
int dlq_redrive(const struct pipeline *pipeline, const struct dlq_options *options);
int dlq_purge(const struct pipeline *pipeline, const struct dlq_options *options);

/* "scanpipe: letter 3fa8c91b22d0: <text>", with its hint. */
void dlq_complain_letter(const struct sp_letter *letter, const struct sp_error *err);

/* The first bytes of a letter's id: enough to name it. */
enum { DLQ_ID_SHOWN = 6 };

#endif
