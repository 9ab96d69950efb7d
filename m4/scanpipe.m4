dnl SPDX-License-Identifier: Apache-2.0

dnl SCANPIPE_TRY_CFLAG(FLAG): adds FLAG to SCANPIPE_CFLAGS where the compiler takes it.
AC_DEFUN([SCANPIPE_TRY_CFLAG], [
  AS_VAR_PUSHDEF([known], [scanpipe_cv_cflag_$1])
  AC_CACHE_CHECK([whether $CC takes $1], [known], [
    scanpipe_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS $SCANPIPE_CFLAGS -Werror $1"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM()], [AS_VAR_SET([known], [yes])], [AS_VAR_SET([known], [no])])
    CFLAGS=$scanpipe_save_CFLAGS])
  AS_VAR_IF([known], [yes], [SCANPIPE_CFLAGS="$SCANPIPE_CFLAGS $1"])
  AS_VAR_POPDEF([known])
])

dnl Warnings are always on (but format-truncation, which guesses: what snprintf cuts is meant to be cut);
dnl --enable-werror makes them errors, as the gate does.
AC_DEFUN([SCANPIPE_WARNINGS], [
  SCANPIPE_CFLAGS=
  AC_ARG_ENABLE([werror], [AS_HELP_STRING([--enable-werror], [make compiler warnings errors])])
  m4_foreach_w([flag], [-std=gnu11 -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla
    -Wpointer-arith -Wformat-security -Wno-format-truncation -fvisibility=hidden -fno-common], [SCANPIPE_TRY_CFLAG(flag)])
  AS_VAR_IF([enable_werror], [yes], [SCANPIPE_CFLAGS="$SCANPIPE_CFLAGS -Werror"])
  AC_SUBST([SCANPIPE_CFLAGS])
])

dnl --enable-sanitizers=address,undefined or thread.
AC_DEFUN([SCANPIPE_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers], [AS_HELP_STRING([--enable-sanitizers=LIST],
    [build with sanitizers: "address,undefined" or "thread"])], [], [enable_sanitizers=no])
  AS_VAR_IF([enable_sanitizers], [no], [], [
    SCANPIPE_CFLAGS="$SCANPIPE_CFLAGS -fsanitize=$enable_sanitizers -fno-omit-frame-pointer -fno-sanitize-recover=all"
    SCANPIPE_LDFLAGS="$SCANPIPE_LDFLAGS -fsanitize=$enable_sanitizers"
    SANITIZED=1])
  AC_SUBST([SANITIZED])
  AC_ARG_ENABLE([fuzzers], [AS_HELP_STRING([--enable-fuzzers], [build libFuzzer targets (needs clang)])])
  AM_CONDITIONAL([FUZZERS], [test "x$enable_fuzzers" = xyes])
  AS_VAR_IF([enable_fuzzers], [yes], [
    SCANPIPE_CFLAGS="$SCANPIPE_CFLAGS -fsanitize=fuzzer-no-link,address,undefined"
    SCANPIPE_LDFLAGS="$SCANPIPE_LDFLAGS -fsanitize=address,undefined"])
  AC_SUBST([SCANPIPE_LDFLAGS])
])

dnl What distributions ask for; off where a sanitizer or a set flag says otherwise.
AC_DEFUN([SCANPIPE_HARDENING], [
  AC_ARG_ENABLE([hardening], [AS_HELP_STRING([--disable-hardening], [leave out hardening flags])])
  AS_IF([test "x$enable_hardening" != xno && test "x$enable_sanitizers" = xno && test "x$enable_fuzzers" != xyes], [
    m4_foreach_w([flag], [-fstack-protector-strong -fstack-clash-protection -fcf-protection],
      [SCANPIPE_TRY_CFLAG(flag)])
    AS_CASE([" $CFLAGS $CPPFLAGS "], [*-D_FORTIFY_SOURCE*], [],
      [*" -O0 "*], [], [*" -O"*], [SCANPIPE_CFLAGS="$SCANPIPE_CFLAGS -D_FORTIFY_SOURCE=2"])
    SCANPIPE_LDFLAGS="$SCANPIPE_LDFLAGS -Wl,-z,relro -Wl,-z,now"
    AS_CASE([" $SCANPIPE_CFLAGS $CFLAGS $CPPFLAGS "], [*-D_FORTIFY_SOURCE*], [HARDENED=1])])
  AC_SUBST([HARDENED])
])

dnl SCANPIPE_OPTIONAL(NAME, VARIABLE, MODULES, WHAT): --with-NAME=auto|yes|no; an explicit yes must be had.
AC_DEFUN([SCANPIPE_OPTIONAL], [
  AC_ARG_WITH([$1], [AS_HELP_STRING([--without-$1], [leave out $4])], [], [with_$1=auto])
  scanpipe_have_$1=no
  AS_VAR_IF([with_$1], [no], [], [
    PKG_CHECK_MODULES([$2], [$3], [scanpipe_have_$1=yes], [
      AS_VAR_IF([with_$1], [yes], [AC_MSG_ERROR([--with-$1 was asked for, but $3 is not there])])])])
  AS_VAR_IF([scanpipe_have_$1], [yes], [AC_DEFINE([WITH_$2], [1], [Whether there is: $4.])])
  AM_CONDITIONAL([WITH_$2], [test "x$scanpipe_have_$1" = xyes])
])

dnl SCANPIPE_MODULE_VERSIONS(MODULES): what pkg-config says of those that are there, for the bill of materials.
AC_DEFUN([SCANPIPE_MODULE_VERSIONS], [
  AC_CHECK_TOOL([READELF], [readelf], [readelf])
  MODULE_VERSIONS=
  for scanpipe_module in $1; do
    scanpipe_version=`$PKG_CONFIG --modversion $scanpipe_module 2>/dev/null` &&
      MODULE_VERSIONS="$MODULE_VERSIONS $scanpipe_module=$scanpipe_version"
  done
  AC_SUBST([MODULE_VERSIONS])
])
