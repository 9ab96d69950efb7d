# SPDX-License-Identifier: Apache-2.0

TESTS += tests/abi/abi_test.sh
EXTRA_DIST += tests/abi/README.md tests/abi/abi_test.sh tests/abi/layout.py tests/abi/1.0
