/* SPDX-License-Identifier: Apache-2.0 */
#ifndef TESTS_STUB_H
#define TESTS_STUB_H

/* What a plugin needs beside its operations, for plugins that are loaded and described, and never run. */

#include <scanpipe/plugin.h>

static int stub_load(const void *config, const struct sp_stage *stage, void **loaded, struct sp_error *err)
{
    (void)config, (void)stage, (void)loaded;
    return sp_fail(err, SP_REFUSED, "this plugin is there to be looked at only");
}

static int stub_open(void *loaded, void **handle, struct sp_error *err)
{
    (void)loaded, (void)handle;
    return sp_fail(err, SP_REFUSED, "this plugin is there to be looked at only");
}

static int stub_probe(void *handle, int64_t deadline, struct sp_error *err)
{
    (void)handle, (void)deadline;
    return sp_fail(err, SP_REFUSED, "this plugin is there to be looked at only");
}

static void stub_nothing(void *any)
{
    (void)any;
}

#define STUB_LIFECYCLE                                                                                       \
    .load = stub_load, .unload = stub_nothing, .open = stub_open, .close = stub_nothing,                     \
    .probe = stub_probe, .interrupt = stub_nothing

#endif
