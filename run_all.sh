#!/usr/bin/env bash
# The one door: sets up what is missing in .venv, then runs `python -m aeslib WORD OPTIONS`.
# Needs bash and Python 3.11 or 3.12. `./run_all.sh help` lists the words.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
unset PYTHONHOME PYTHONPATH

venv=.venv
stamp=$venv/.installed # a copy of what was installed from; written last, so an interrupted set-up goes on
lock=requirements.txt

say() { printf '%s\n' "$*" >&2; }
die() { say "run_all.sh: $*"; exit 1; }

usable() { "$1" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }

find_python() {
    local name
    for name in "$venv/bin/python" python3.12 python3.11 python3 python; do
        if command -v "$name" >/dev/null 2>&1 && usable "$name"; then
            printf '%s\n' "$name"
            return
        fi
    done
    die "no Python 3.11 or 3.12 with the venv module found (tried python3.12, python3.11, python3, python)."
}

block() { awk -v name="$1==" 'index($0, name) == 1 { on = 1 } on { print } on && !/\\$/ { exit }' "$lock"; }

# The lock without torch and what its builds bring along: those come from the chosen backend.
without_torch() {
    awk '/^[A-Za-z0-9]/ { off = /^(torch|torchvision|triton|nvidia-[a-z0-9-]*|cuda-[a-z0-9-]*)==/ } !off { print }' "$lock"
}

contents() { "$python" -c 'import sys; print(*sys.version_info[:2])'; printf '%s\n' "$backend"; cat "$lock"; }
installed() { [ "$python" = "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(contents)" = "$(cat "$stamp")" ]; }

use_pip() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"; }
use_uv() { "$venv/bin/uv" pip "$@" --quiet --python "$venv/bin/python"; }

make_venv() {
    if ! "$venv/bin/python" -m pip --version >/dev/null 2>&1; then
        "$python" -m venv --clear "$venv"
    fi
    if ! "$venv/bin/uv" --version >/dev/null 2>&1; then
        block uv >"$venv/uv.txt"
        use_pip --require-hashes --no-deps --only-binary :all: -r "$venv/uv.txt" || say "No uv for this machine: pip does its work, more slowly."
    fi
}

install_lock() {
    if "$venv/bin/uv" --version >/dev/null 2>&1 && use_uv sync --require-hashes --compile-bytecode "$lock"; then
        use_uv install --no-deps --no-build-isolation --editable .
    else
        use_pip --require-hashes -r "$lock"
        use_pip --no-deps --no-build-isolation --editable .
    fi
}

install_backend() {
    local pins
    pins=$(grep -oE '^(torch|torchvision)==[^ ]+' "$lock" | tr '\n' ' ')
    say "torch for '$backend' comes without a hash to check: ${pins% }, everything else is checked."
    without_torch >"$venv/without-torch.txt"
    use_uv sync --require-hashes --compile-bytecode "$venv/without-torch.txt"
    use_uv install --compile-bytecode --torch-backend "$backend" $pins # two words
    use_uv install --no-deps --no-build-isolation --editable .
}

set_up() {
    backend=${backend:-$(sed -n 2p "$stamp" 2>/dev/null || true)}
    backend=${backend:-lock}
    if installed; then return; fi
    exec 9<"$lock"
    if command -v flock >/dev/null 2>&1 && ! flock -n 9; then
        say "Another set-up is going on; waiting for it."
        flock 9
    fi
    if ! installed; then
        say "Setting up $venv (once; about 6 GB) ..."
        SECONDS=0
        rm -f "$stamp"
        make_venv
        if [ "$backend" = lock ]; then install_lock; else install_backend; fi
        contents >"$stamp.new"
        mv "$stamp.new" "$stamp"
        say "Set up in $SECONDS s."
    fi
    exec 9<&-
}

main() {
    local answer=0 backend="" python words=()
    python=$(find_python)
    PYTHONPATH=$PWD "$python" -m aeslib --check "$@" || answer=$?
    if [ "$answer" -eq 10 ]; then exit 0; fi # needed no set-up, and is done
    if [ "$answer" -ne 0 ]; then exit "$answer"; fi
    while [ $# -gt 0 ]; do
        case $1 in
            --) words+=("$@"); break ;;
            --torch-backend) backend=$2; shift 2 ;;
            --torch-backend=*) backend=${1#*=}; shift ;;
            *) words+=("$1"); shift ;;
        esac
    done
    set_up
    exec "$venv/bin/python" -m aeslib ${words[@]+"${words[@]}"}
}

main "$@"
