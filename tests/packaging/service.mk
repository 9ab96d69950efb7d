# SPDX-License-Identifier: Apache-2.0
service_tests = \
	tests/packaging/service_test.sh
TESTS += $(service_tests)
EXTRA_DIST += \
	$(service_tests) \
	tests/packaging/README.md \
	tests/packaging/bare_debian.sh \
	tests/packaging/boot_test.sh \
	tests/packaging/notify_listener.py
