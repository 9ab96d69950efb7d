#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The bill of materials says what was built and what it links, as SPDX asks for it; the same build makes the same.
set -u
src=${srcdir:-.}
build=${top_builddir:-.}
. "$src/tests/e2e/tap.sh"
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
plan 7

mapfile -t programs < <(for one in scanpipe scanpipe-kit tools/scanapi_sim/scanapi-sim; do
    find "$build/$(dirname "$one")" -maxdepth 2 -type f -name "$(basename "$one")" -perm -u+x; done)
mapfile -t plugins < <(find "$build/plugins" -type f -path '*/.libs/*' -name '*.so' | sort)
mapfile -t archives < <(find "$build/plugins" -maxdepth 2 \( -name 's*.la' -o -name 'q*.la' \) | sort)
made() { # FILE...: a document of these, made now
    AWK=awk CC=${CC:-cc} sh "$src/build-aux/sbom.sh" 1.2.3 "${modules[*]}" "$@"
}
modules=()
for name in yaml-0.1 json-c libcrypto libcurl sqlite3 odbc zlib; do
    found=$(pkg-config --modversion "$name" 2>/dev/null) && modules+=("$name=$found")
done
sbom() { python3 "$src/tests/packaging/sbom.py" "$1" "$src/README.md" "${programs[@]}" "${plugins[@]}"; }

# given: the one that the build left; then
out=$(sbom "$build/scanpipe.spdx.json" 2>&1)
ok "it is complete, well-formed and true" $? "$out"

# when: made twice at different times, for one date of the sources
export SOURCE_DATE_EPOCH=1700000000
TZ=UTC made "${programs[@]}" "${archives[@]}" >"$scratch/one"
sleep 1
(umask 077 && TZ=Pacific/Auckland LANG=C.UTF-8 made "${programs[@]}" "${archives[@]}" >"$scratch/two")
cmp -s "$scratch/one" "$scratch/two"
ok "the same sources make the same bytes" $? "$(diff "$scratch/one" "$scratch/two")"
has "and it says that date" "$(cat "$scratch/one")" '"created": "2023-11-14T22:13:20Z"'
out=$(sbom "$scratch/one" 2>&1)
ok "and it is as good" $? "$out"

# when: on a machine that has no package of Debian
mkdir "$scratch/bin"
printf '#!/bin/sh\nexit 1\n' >"$scratch/bin/dpkg-query"
chmod +x "$scratch/bin/dpkg-query"
PATH=$scratch/bin:$PATH made "${programs[@]}" "${archives[@]}" >"$scratch/other"
out=$(sbom "$scratch/other" 2>&1) && ! grep -q pkg:deb "$scratch/other" && grep -q pkg:generic/libyaml@ "$scratch/other"
ok "elsewhere a library is known by its name" $? "$out"

# when: a library is linked that nobody wrote down
printf 'int strange(void);\nint strange(void) { return 1; }\n' >"$scratch/strange.c"
printf 'int strange(void);\nint main(void) { return strange(); }\n' >"$scratch/main.c"
${CC:-cc} -shared -fPIC -Wl,-soname,libstrange.so.1 "$scratch/strange.c" -o "$scratch/libstrange.so" &&
    ${CC:-cc} "$scratch/main.c" -L"$scratch" -lstrange -o "$scratch/program"
out=$(made "$scratch/program" 2>&1 >/dev/null)
[ $? -ne 0 ] && [ "${out#*libstrange.so.1 is linked}" != "$out" ]
ok "a library that nobody wrote down is refused" $? "$out"

# when: what it says is not so
sed 's/"SPDXRef-part-queue-sqlite.so", "relationshipType": "DYNAMIC_LINK", "relatedSpdxElement": "SPDXRef-sqlite"/"SPDXRef-part-queue-sqlite.so", "relationshipType": "DYNAMIC_LINK", "relatedSpdxElement": "SPDXRef-zlib"/
    s/"licenseDeclared": "Zlib"/"licenseDeclared": "MIT"/; s/"SPDX-2.3"/"SPDX-2.2"/' "$scratch/one" >"$scratch/wrong"
out=$(sbom "$scratch/wrong" 2>&1)
[ $? -eq 1 ] && [ "$(wc -l <<<"$out")" -ge 3 ]
ok "and the check sees what is not so" $? "$out"
tap_end
