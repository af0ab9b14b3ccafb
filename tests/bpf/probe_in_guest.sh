#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Runs the vectors of decide() through its verified bytecode, in a guest. Also runs them with one expected
# answer spoiled, which must be noticed: a probe that cannot fail shows nothing.
#   probe_in_guest.sh BUILD_FOLDER [OPTIONS OF tools/vm boot...]
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
programs=$1/tests/bpf
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

all=$("$programs/decide_vectors" "$work/vectors" | sed -n 's/ vectors$//p')
"$root/tools/vm" boot "$@" --file "$programs/decide_probe:/bin/decide_probe" \
  --file "$work/vectors:/vectors" --memory 1536 \
  --cmd "decide_probe /vectors && decide_probe /vectors spoil >/said 2>/dev/null;
         [ \$? = 1 ] && grep -qx '$all vectors, $((all - 1)) equal' /said"
echo "2 passed, 0 failed"
