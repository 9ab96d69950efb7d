# SPDX-License-Identifier: Apache-2.0
# Of what is delivered: its protection, its bill of materials, and the .rpm (which check-all.sh builds).

supply_tests = \
	tests/packaging/hardening_test.sh \
	tests/packaging/sbom_test.sh
TESTS += $(supply_tests)
EXTRA_DIST += $(supply_tests) \
	packaging/rpm/README.md \
	packaging/rpm/rpmlint.toml \
	packaging/rpm/scanpipe.spec \
	tests/packaging/README.md \
	tests/packaging/hardening.py \
	tests/packaging/rpm_test.sh \
	tests/packaging/sbom.py
