# SPDX-License-Identifier: Apache-2.0
# A release has what its Debian packages are made with, and tested.

EXTRA_DIST += \
	debian/changelog \
	debian/control \
	debian/copyright \
	debian/po/POTFILES.in \
	debian/po/de.po \
	debian/po/templates.pot \
	debian/rules \
	debian/scanpipe-dev.install \
	debian/scanpipe-plugin-odbc.install \
	debian/scanpipe-plugin-sqs.install \
	debian/scanpipe.README.Debian \
	debian/scanpipe.install \
	debian/scanpipe.lintian-overrides \
	debian/scanpipe.postinst \
	debian/scanpipe.postrm \
	debian/scanpipe.prerm \
	debian/scanpipe.templates \
	debian/source/format \
	debian/source/lintian-overrides \
	debian/tests/control \
	debian/tests/plugin \
	debian/tests/quickstart \
	debian/tests/service.sh \
	debian/upstream/metadata \
	debian/watch \
	packaging/deb.sh \
	tests/packaging/bare_debian.sh \
	tests/packaging/deb_life.sh \
	tests/packaging/deb_test.sh \
	tests/packaging/deb_twice_test.sh \
	tests/packaging/debs.sh
