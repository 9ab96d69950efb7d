# SPDX-License-Identifier: Apache-2.0
# serial 1

# SCANPIPE_PLUGIN([MINIMUM-VERSION])
# ----------------------------------
# For the configure.ac of a plugin of scanpipe; ends configure where one cannot be built.  Sets, for
# Makefile.am:
#
#   SCANPIPE_CFLAGS    where the headers are
#   SCANPIPE_LDFLAGS   what libtool makes a plugin with: a module that exports scanpipe_plugin() alone
#   plugindir          where plugins are installed, for plugin_LTLIBRARIES; --with-plugindir=DIR
#   SCANPIPE, SCANPIPE_KIT   the programs, for tests
#
# `make distcheck` may install nothing outside of its own prefix, so a plugin's Makefile.am says:
#
#   AM_DISTCHECK_CONFIGURE_FLAGS = --with-plugindir='$${libdir}/scanpipe/plugins'
AC_DEFUN([SCANPIPE_PLUGIN], [
AC_REQUIRE([PKG_PROG_PKG_CONFIG])dnl
AC_REQUIRE([AC_PROG_CC])dnl
PKG_CHECK_MODULES([SCANPIPE], [scanpipe]m4_ifval([$1], [ >= $1]))

AC_ARG_WITH([plugindir],
  [AS_HELP_STRING([--with-plugindir=DIR], [where to install the plugin, instead of where scanpipe looks])],
  [plugindir=$withval], [plugindir=`$PKG_CONFIG --variable=plugindir scanpipe`])
AC_SUBST([plugindir])

scanpipe_abi=`$PKG_CONFIG --variable=abi scanpipe`
scanpipe_save_CPPFLAGS=$CPPFLAGS
CPPFLAGS="$CPPFLAGS $SCANPIPE_CFLAGS"
AC_MSG_CHECKING([whether scanpipe's headers are of plugin ABI $scanpipe_abi])
AC_COMPILE_IFELSE([AC_LANG_SOURCE([[#include <scanpipe/plugin.h>
#if SP_ABI_MAJOR != $scanpipe_abi
#error these headers are of another ABI than scanpipe.pc says
#endif
]])], [AC_MSG_RESULT([yes])], [
  AC_MSG_RESULT([no])
  AC_MSG_ERROR([the headers that were found are not those that belong to scanpipe.pc: see config.log])])
CPPFLAGS=$scanpipe_save_CPPFLAGS

SCANPIPE_LDFLAGS='-module -avoid-version -shared -export-symbols-regex ^scanpipe_plugin$$'
AC_SUBST([SCANPIPE_LDFLAGS])
scanpipe_bindir=`$PKG_CONFIG --variable=bindir scanpipe`
AC_PATH_PROG([SCANPIPE], [scanpipe], [scanpipe], [$scanpipe_bindir$PATH_SEPARATOR$PATH])
AC_PATH_PROG([SCANPIPE_KIT], [scanpipe-kit], [scanpipe-kit], [$scanpipe_bindir$PATH_SEPARATOR$PATH])
])
