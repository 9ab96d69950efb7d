# SPDX-License-Identifier: Apache-2.0
# The unit and what belongs to it are always made, and installed where configure was told a folder for units.

service_made = \
	packaging/systemd/scanpipe@.service \
	packaging/systemd/sysusers.d/scanpipe.conf \
	packaging/systemd/tmpfiles.d/scanpipe.conf
noinst_DATA = $(service_made)
CLEANFILES += $(service_made)
EXTRA_DIST += \
	packaging/systemd/README.md \
	packaging/systemd/scanpipe@.service.in \
	packaging/systemd/sysusers.d/scanpipe.conf.in \
	packaging/systemd/tmpfiles.d/scanpipe.conf.in

# systemd makes folders of state below /var/lib, wherever the program was installed to.
service_make = $(AM_V_GEN)$(MKDIR_P) $(@D) && sed -e 's,@bindir[@],$(bindir),g' \
	-e 's,@sysconfdir[@],$(sysconfdir),g' -e 's,@statedir[@],/var/lib/scanpipe,g' \
	$(srcdir)/$@.in >$@.tmp && mv $@.tmp $@
packaging/systemd/scanpipe@.service: packaging/systemd/scanpipe@.service.in Makefile
	$(service_make)
packaging/systemd/sysusers.d/scanpipe.conf: packaging/systemd/sysusers.d/scanpipe.conf.in Makefile
	$(service_make)
packaging/systemd/tmpfiles.d/scanpipe.conf: packaging/systemd/tmpfiles.d/scanpipe.conf.in Makefile
	$(service_make)

servicedocdir = $(docdir)/examples
dist_servicedoc_DATA = packaging/systemd/credentials.conf

if WITH_SYSTEMD
systemdsystemunit_DATA = packaging/systemd/scanpipe@.service
sysusersdir = $(prefix)/lib/sysusers.d
sysusers_DATA = packaging/systemd/sysusers.d/scanpipe.conf
tmpfilesdir = $(prefix)/lib/tmpfiles.d
tmpfiles_DATA = packaging/systemd/tmpfiles.d/scanpipe.conf
endif
