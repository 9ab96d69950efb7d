# SPDX-License-Identifier: Apache-2.0

TESTS += tests/packaging/devel_test.sh
EXTRA_DIST += tests/packaging/devel_test.sh

# Into the prefix itself, without a variable that says where plugins are; `make distcheck` runs it.
installcheck-local:
	env -u SCANPIPE_PLUGIN_PATH $(DESTDIR)$(bindir)/scanpipe plugins sink null >/dev/null
	env -u SCANPIPE_PLUGIN_PATH $(DESTDIR)$(bindir)/scanpipe-kit sink null >/dev/null
	PKG_CONFIG_PATH=$(DESTDIR)$(pkgconfigdir) $(PKG_CONFIG) --exists 'scanpipe = $(VERSION)'
.PHONY: installcheck-local
