#!/usr/bin/env bash
# Build the peers that pip cannot install: CVODE in C from Debian's libsundials.
set -euo pipefail
cd "$(dirname "$0")"
if [ ! -e /usr/include/cvode/cvode.h ]; then
    apt-get update -qq && apt-get install -y -qq libsundials-dev
fi
mkdir -p build
for peer in hamberg hovorka pollu; do
    ${CC:-gcc} -O3 -march=native -shared -fPIC -Wall -Wextra -Werror -o "build/libcvode_$peer.so" \
        "peers/cvode_$peer.c" -lsundials_cvode -lsundials_nvecserial -lsundials_sunmatrixdense \
        -lsundials_sunlinsoldense -lsundials_sunnonlinsolfixedpoint -lm
    echo "built benchmarks/build/libcvode_$peer.so"
done
