#!/usr/bin/env bash
# The one door: sets up what is missing in .venv, then runs `python -m aeslib WORD OPTIONS`.
# Needs bash and Python 3.11 or 3.12. `./run_all.sh help` lists the words.
set -euo pipefail

say() { printf '%s\n' "$*" >&2; }
die() { say "run_all.sh: $*"; exit 1; }

# What the user's shell may set and what would lead Python, pip or uv elsewhere. Settings of package indexes and of the
# network stay; PIP_USER is set because a configuration file may say `user = yes`.
clean_environment() {
    local name
    unset CDPATH PYTHONHOME PYTHONPATH PYTHONSTARTUP PYTHONSAFEPATH __PYVENV_LAUNCHER__ VIRTUAL_ENV CONDA_PREFIX
    for name in $(compgen -e); do
        case $name in
            *INDEX* | *_FIND_LINKS | *_HOST | *_PROXY | *_CERT | *_NATIVE_TLS | *_SYSTEM_CERTS | *_TIMEOUT | *_RETRIES) ;;
            *_CACHE_DIR | *_NO_CACHE* | *_KEYRING_PROVIDER | *_CONFIG_FILE | *_NO_CONFIG | *_OFFLINE | *_USE_FEATURE) ;;
            *_CONCURRENT_* | *_LINK_MODE) ;;
            PIP_* | UV_*) unset "$name" ;;
        esac
    done
    export PIP_USER=0
}

# Go to the project folder, which holds this file, also where the file is called through a link.
enter_project() {
    local self=${BASH_SOURCE[0]} name target
    for name in AESLIB_RESULTS AESLIB_ARTIFACTS AESLIB_DATA AESLIB_WEIGHTS AESLIB_TASTE XDG_CACHE_HOME TMPDIR; do # named from the caller's folder
        case ${!name:-/} in /* | "~"*) ;; *) export "$name=$PWD/${!name}" ;; esac
    done
    while [ -L "$self" ]; do
        target=$(readlink "$self")
        case $target in /*) self=$target ;; *) self=$(dirname -- "$self")/$target ;; esac
    done
    builtin cd -P -- "$(dirname -- "$self")"
    case $PWD in *:*) die "Python's search path cannot hold a colon, as in $PWD; rename that folder." ;; esac
    export AESLIB_HOME=$PWD PYTHONPATH=$PWD
}

venv=.venv
stamp=$venv/.installed # a copy of what was installed from; written last, so an interrupted set-up goes on
lock=requirements.txt

usable() { "$1" -c 'import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 12))' 2>/dev/null; }
whole() { [ -f "$venv/pyvenv.cfg" ] && [ -f "$venv/bin/activate" ] && usable "$venv/bin/python"; }

find_python() {
    local name
    if whole; then
        printf '%s\n' "$venv/bin/python"
        return
    fi
    for name in python3.12 python3.11 python3 python; do
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

contents() {
    "$python" -c 'import sys; print(*sys.version_info[:3], sys.base_prefix)'
    printf '%s\n' "$backend" "$PWD"
    cat "$lock"
}
installed() { [ "$python" = "$venv/bin/python" ] && [ -f "$stamp" ] && [ "$(contents)" = "$(cat "$stamp")" ]; }

use_pip() { "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-input "$@"; }
use_uv() { "$venv/bin/uv" pip "$@" --quiet --python "$venv/bin/python"; }

# The folder that an environment was made for, as its own scripts have it.
made_for() { (set +eu; VIRTUAL_ENV=; . "$venv/bin/activate" >/dev/null 2>&1; printf '%s' "$VIRTUAL_ENV"); }

# Print the folder of .venv itself. What a link leads to is used only when it is empty or was set up for this folder.
real_venv() {
    local place
    if [ ! -L "$venv" ]; then
        printf '%s' "$PWD/$venv"
        return
    fi
    place=$(builtin cd -P -- "$venv" 2>/dev/null && pwd) ||
        die "$venv is a link to $(readlink "$venv"), which is no folder; make that folder or remove the link."
    if [ -n "$(ls -A "$place")" ] && [ "$(cat "$place/.folder" 2>/dev/null)" != "$PWD" ]; then
        die "$venv is a link to $place, which was not set up for $PWD; remove the link, then run again."
    fi
    printf '%s' "$place"
}

make_venv() {
    local place old
    place=$(real_venv)
    if [ "$python" != "$venv/bin/python" ] || ! "$python" -m pip --version >/dev/null 2>&1; then
        if [ -e "$venv/bin" ]; then say "$venv is incomplete or of another Python: it is made anew."; fi
        "$python" -m venv --clear "$place"
    fi
    old=$(made_for)
    if [ -n "$old" ] && [ "$old" != "$place" ]; then
        say "$venv was made for ${old%/*}: its scripts are changed to this folder."
        "$python" -m aeslib.cli.environment relocate "$old" "$place"
    fi
    rm -f "$venv/.folder" # it may be a hard link to another folder's
    printf '%s\n' "$PWD" >"$venv/.folder"
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
    local pins checked
    pins=$(grep -oE '^(torch|torchvision)==[^ ]+' "$lock" | tr '\n' ' ')
    without_torch >"$venv/without-torch.txt"
    use_uv sync --require-hashes --compile-bytecode "$venv/without-torch.txt"
    checked=$(use_uv freeze)
    use_uv install --compile-bytecode --constraint "$venv/without-torch.txt" --torch-backend "$backend" $pins # two words
    use_uv freeze | grep -vxF "$checked" >"$venv/unchecked.txt" || true
    say "Installed for '$backend' without a hash to check, as the lock has hashes of its own build of torch only:" \
        "$(tr '\n' ' ' <"$venv/unchecked.txt")(listed in $venv/unchecked.txt). Everything else is checked."
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
        python=$(find_python)
    fi
    if ! installed; then
        say "Setting up $venv (once; about 6 GB) ..."
        SECONDS=0
        rm -f "$stamp" "$venv/.weights"
        make_venv
        if [ "$backend" = lock ]; then install_lock; else install_backend; fi
        python=$venv/bin/python
        "$python" -m aeslib.cli.environment check
        contents >"$stamp.new"
        mv "$stamp.new" "$stamp"
        say "Set up in $SECONDS s."
    fi
    exec 9<&-
}

# Published weights that the default run uses, once per set-up: what cannot be had is said, and the run goes on without.
get_weights() {
    local answer=0
    if [ -f "$venv/.weights" ]; then return; fi
    "$venv/bin/python" -m aeslib weights fetch --set-up >&2 </dev/null || answer=$?
    if [ "$answer" -eq 130 ]; then exit 130; fi
    : >"$venv/.weights"
}

main() {
    local answer=0 backend="" python words=()
    clean_environment
    enter_project
    python=$(find_python)
    "$python" -m aeslib --check "$@" || answer=$?
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
    get_weights
    exec "$venv/bin/python" -m aeslib ${words[@]+"${words[@]}"}
}

main "$@"
