#!/usr/bin/env bash
# Build the peers that pip cannot install beside pytwin: CVODE in C from Debian's libsundials, and those whose
# own requirements would get in the way, in environments of their own.
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
${CC:-gcc} -O3 -march=native -ffp-contract=fast -shared -fPIC -Wall -Wextra -Werror -Wno-psabi \
    -o build/libarithmetic.so peers/arithmetic.c
echo "built benchmarks/build/libarithmetic.so"
for peer in diffrax dynamax simglucose dapper pypgx; do
    [ -e "build/$peer" ] || python3 -m venv "build/$peer"
    "build/$peer/bin/pip" install -q "$peer"
    echo "installed $peer in benchmarks/build/$peer"
done
