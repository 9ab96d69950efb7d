# SPDX-License-Identifier: Apache-2.0
# The bill of materials: made with all the rest, shipped with the documentation.

sbomdir = $(docdir)
nodist_sbom_DATA = scanpipe.spdx.json
CLEANFILES += scanpipe.spdx.json scanpipe.spdx.json.new
EXTRA_DIST += build-aux/dependencies.table build-aux/sbom.awk build-aux/sbom.sh

scanpipe.spdx.json: $(bin_PROGRAMS) $(plugin_LTLIBRARIES) build-aux/dependencies.table build-aux/sbom.awk build-aux/sbom.sh
	$(AM_V_GEN)AWK='$(AWK)' CC='$(CC)' READELF='$(READELF)' $(SHELL) $(srcdir)/build-aux/sbom.sh \
	    '$(VERSION)' '$(MODULE_VERSIONS)' $(bin_PROGRAMS) $(plugin_LTLIBRARIES) >$@.new && mv $@.new $@

.PHONY: sbom
sbom: scanpipe.spdx.json
