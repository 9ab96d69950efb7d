/* SPDX-License-Identifier: Apache-2.0 */
#include <config.h>

#include "profile.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <unistd.h>

#define FILE_MOST ((size_t)256 * 1024)

const char *env_text(aws_env *env, const char *name)
{
    const char *value = env(name);
    return value && *value ? value : NULL;
}

bool env_true(aws_env *env, const char *name)
{
    const char *value = env(name);
    return value && strcasecmp(value, "true") == 0;
}

static int read_all(int fd, size_t most, char **data_out, size_t *size_out)
{
    size_t size = 0;
    char *data = malloc(most + 1);
    if (!data)
        return ENOMEM;
    while (size <= most) {
        ssize_t got = read(fd, data + size, most + 1 - size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0) {
            int trouble = got < 0 ? errno : 0;
            data[size] = '\0';
            *data_out = data;
            *size_out = size;
            if (trouble)
                free(data);
            return trouble;
        }
        size += (size_t)got;
    }
    explicit_bzero(data, size);
    free(data);
    return EFBIG;
}

/* A pipe or the like in its place must not hold us up. */
int file_read(const char *path, size_t most, char **data_out, size_t *size_out)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return errno;
    int trouble = read_all(fd, most, data_out, size_out);
    close(fd);
    return trouble;
}

/* As botocore: $HOME, else what the system knows of this user. */
static bool find_home(aws_env *env, char *out, size_t size)
{
    char space[4096];
    struct passwd entry, *found = NULL;
    const char *home = env_text(env, "HOME");
    if (!home && getpwuid_r(getuid(), &entry, space, sizeof space, &found) == 0 && found)
        home = entry.pw_dir;
    return home && (size_t)snprintf(out, size, "%s", home) < size;
}

static bool find_path(aws_env *env, const char *variable, const char *otherwise, char out[PROFILE_PATH])
{
    char home[PROFILE_PATH];
    const char *path = env_text(env, variable);
    path = path ? path : otherwise;
    if (strncmp(path, "~/", 2) != 0)
        return snprintf(out, PROFILE_PATH, "%s", path) < PROFILE_PATH;
    return find_home(env, home, sizeof home) &&
           snprintf(out, PROFILE_PATH, "%s%s", home, path + 1) < PROFILE_PATH;
}

static int read_profile_file(aws_env *env, const char *variable, const char *otherwise,
                             struct profile_file *file, struct sp_error *err)
{
    char *data = NULL;
    size_t size = 0;
    struct ini_fault fault;
    if (!find_path(env, variable, otherwise, file->path)) {
        file->trouble = ENOENT;
        return 0;
    }
    file->trouble = file_read(file->path, FILE_MOST, &data, &size);
    if (file->trouble)
        return 0;
    int rc = ini_parse((struct sp_slice){data, size}, &file->ini, &fault);
    explicit_bzero(data, size);
    free(data);
    if (rc == 0)
        return 0;
    (void)sp_fail(err, SP_REFUSED, "%s, line %zu: %s", file->path, fault.line, fault.reason);
    return sp_fail_cure(err, "put the file in order, or let %s name another one", variable);
}

static void say_trouble(const struct profile_file *file, char *out, size_t size)
{
    out[0] = '\0';
    if (file->trouble && file->path[0])
        snprintf(out, size, " (%s)", file->trouble == ENOENT ? "it is not there" : strerror(file->trouble));
}

static int fail_missing(const struct profile *profile, struct sp_error *err)
{
    char credentials[128], config[128];
    say_trouble(&profile->credentials, credentials, sizeof credentials);
    say_trouble(&profile->config, config, sizeof config);
    (void)sp_fail(err, SP_REFUSED, "there is no profile '%.60s' in %.120s%.60s, nor in %.120s%.60s",
                  profile->name, profile->credentials.path, credentials, profile->config.path, config);
    return sp_fail_cure(err, "check `profile` or AWS_PROFILE, and that this user may read the files");
}

int profile_read(aws_env *env, const char *name, struct profile *out, struct sp_error *err)
{
    struct profile profile = {0};
    name = name ? name : env_text(env, "AWS_PROFILE");
    name = name ? name : env_text(env, "AWS_DEFAULT_PROFILE");
    bool named = name != NULL;
    if (snprintf(profile.name, sizeof profile.name, "%s", named ? name : "default") >=
        (int)sizeof profile.name)
        return sp_fail(err, SP_REFUSED, "the profile's name is too long");
    if (read_profile_file(env, "AWS_SHARED_CREDENTIALS_FILE", "~/.aws/credentials", &profile.credentials,
                          err) != 0 ||
        read_profile_file(env, "AWS_CONFIG_FILE", "~/.aws/config", &profile.config, err) != 0) {
        profile_fini(&profile);
        return -1;
    }
    if (ini_has(&profile.credentials.ini, profile.name))
        profile.credentials.section = profile.name;
    profile.config.section = ini_section(&profile.config.ini, "profile", profile.name);
    if (named && !profile.credentials.section && !profile.config.section) {
        fail_missing(&profile, err);
        profile_fini(&profile);
        return -1;
    }
    *out = profile;
    if (out->credentials.section)
        out->credentials.section = out->name;
    return 0;
}

void profile_fini(struct profile *profile)
{
    ini_free(&profile->credentials.ini);
    ini_free(&profile->config.ini);
}

static const char *get_from(const struct profile_file *file, const char *key)
{
    const char *value = file->section ? ini_get(&file->ini, file->section, key) : NULL;
    return value && *value ? value : NULL;
}

const char *profile_get(const struct profile *profile, const char *key)
{
    const char *value = get_from(&profile->credentials, key);
    return value ? value : get_from(&profile->config, key);
}

static bool service_endpoint(const struct profile *profile, const char *service, struct sp_slice *out)
{
    const struct ini *ini = &profile->config.ini;
    const char *services = profile_get(profile, "services");
    const char *section = services ? ini_section(ini, "services", services) : NULL;
    const char *nested = section ? ini_get(ini, section, service) : NULL;
    return nested && ini_nested(nested, "endpoint_url", out) && out->size;
}

const char *profile_endpoint(const struct profile *profile, const char *service, char *out, size_t size)
{
    struct sp_slice found;
    if (!service_endpoint(profile, service, &found))
        found = sp_slice_of(profile_get(profile, "endpoint_url"));
    if (!found.size || found.size >= size)
        return NULL;
    memcpy(out, found.data, found.size);
    out[found.size] = '\0';
    return out;
}

/* A pair stands in one file. */
static bool take_keys(const struct profile_file *file, struct profile_keys *keys)
{
    const char *token = get_from(file, "aws_session_token");
    *keys =
        (struct profile_keys){get_from(file, "aws_access_key_id"), get_from(file, "aws_secret_access_key"),
                              token ? token : get_from(file, "aws_security_token"), file->path};
    return keys->access_key_id != NULL;
}

enum profile_kind profile_judge(const struct profile *profile, struct profile_keys *keys)
{
    bool role = profile_get(profile, "role_arn") != NULL;
    if (role && profile_get(profile, "web_identity_token_file"))
        return PROFILE_WEB_IDENTITY;
    if (role)
        return PROFILE_ROLE;
    if (profile_get(profile, "sso_session") || profile_get(profile, "sso_start_url"))
        return PROFILE_SSO;
    bool shared = take_keys(&profile->credentials, keys);
    if (!shared && profile_get(profile, "credential_process"))
        return PROFILE_PROCESS;
    if (!shared && !take_keys(&profile->config, keys))
        return PROFILE_NOTHING;
    return keys->secret_access_key ? PROFILE_KEYS : PROFILE_HALF;
}
