#!/usr/bin/env bash
# Part of Orchestra, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Installs what is missing to build and test Orchestra on Debian 12, and nothing
# that is there: Debian packages (utils/debian-packages.txt), Python packages
# (requirements.txt) in .venv, source archives (utils/downloads.txt) in .cache.
# Says what it does; stops at the first step that fails; takes a fraction of a
# second when all is there. Usage: utils/bootstrap.sh [packages|python|downloads|bench|tpu]
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf 'bootstrap: %s\n' "$*" >&2; }
fail() {
  printf 'bootstrap: error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '  help: %s\n' "$line" >&2; done
  exit 4
}

read_list() { # the file's entries, without comments and blank lines
  local line
  while IFS= read -r line || [ -n "$line" ]; do
    line=${line%%#*}
    line=${line%"${line##*[![:space:]]}"}
    if [ -n "$line" ]; then printf '%s\n' "$line"; fi
  done <"$1"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    env DEBIAN_FRONTEND=noninteractive "$@"
  elif command -v sudo >/dev/null; then
    sudo env DEBIAN_FRONTEND=noninteractive "$@"
  else
    fail "installing Debian packages needs root, and there is no sudo" \
      "run utils/bootstrap.sh packages once as root"
  fi
}

#--- Debian packages ----------------------------------------------------------#

missing_packages() {
  local wanted installed
  mapfile -t wanted < <(read_list utils/debian-packages.txt)
  # Not installed names make dpkg-query fail; what it prints is what counts.
  installed=$(dpkg-query -W -f='${db:Status-Status} ${Package}\n' \
    "${wanted[@]}" 2>/dev/null || true)
  local name
  for name in "${wanted[@]}"; do
    case $'\n'"$installed"$'\n' in
    *$'\n'"installed $name"$'\n'*) ;;
    *) printf '%s\n' "$name" ;;
    esac
  done
}

has_candidate() { # does apt know a version of package $1?
  # Not by a pipe: an early end of the reader would count as a failure.
  case $(apt-cache policy "$1" 2>/dev/null) in
  *"Candidate: ("* | "") return 1 ;;
  esac
}

# Prints the addresses at which the security suite may be, the most likely
# first: beside the mirror in use, then Debian's own.
security_mirrors() {
  {
    apt-get indextargets --format '$(SITE)' 2>/dev/null |
      sed -n 's,/debian/*$,/debian-security,p'
    printf '%s\n' http://security.debian.org/debian-security \
      http://deb.debian.org/debian-security
  } | awk '!seen[$0]++'
}

add_security_suite() {
  local list=/etc/apt/sources.list.d/orchestra-bookworm-security.list
  local uri
  while IFS= read -r uri; do
    say "LLVM 22 is in no suite that apt knows; trying $uri bookworm-security"
    printf 'deb %s bookworm-security main\n' "$uri" |
      as_root tee "$list" >/dev/null
    if as_root apt-get update -qq -o APT::Update::Error-Mode=any \
      -o Dir::Etc::sourcelist="$list" -o Dir::Etc::sourceparts=- \
      -o APT::Get::List-Cleanup=0 && has_candidate libmlir-22-dev; then
      say "added $list"
      return 0
    fi
  done < <(security_mirrors)
  as_root rm -f "$list"
  fail "no mirror offers the packages of LLVM 22" \
    "add Debian's suite bookworm-security to /etc/apt and run this again"
}

apt_install() {
  mkdir -p .cache
  as_root apt-get install -y -q --no-install-recommends "$@" \
    </dev/null >.cache/apt.log 2>&1
}

install_packages() {
  if ! command -v dpkg-query >/dev/null; then
    command -v clang++-22 >/dev/null && command -v cmake >/dev/null &&
      command -v ninja >/dev/null && return 0
    fail "this is no Debian system, and clang-22, cmake or ninja is missing" \
      "install what utils/debian-packages.txt names by your system's means"
  fi
  local missing
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} = 0 ]; then return 0; fi
  say "installing Debian packages: ${missing[*]}"
  local known=1 name
  for name in "${missing[@]}"; do
    has_candidate "$name" || known=0
  done
  if [ $known = 0 ]; then
    as_root apt-get update -qq
    has_candidate libmlir-22-dev || add_security_suite
  fi
  apt_install "${missing[@]}" ||
    { # Lists may be older than the mirror: once more with fresh ones.
      say "trying again with fresh package lists"
      as_root apt-get update -qq
      apt_install "${missing[@]}"
    } ||
    { # dpkg's hundreds of lines matter only now.
      tail -n 40 .cache/apt.log >&2
      fail "apt-get could not install the packages" \
        "the end of .cache/apt.log stands above"
    }
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} != 0 ]; then
    fail "still missing after the installation: ${missing[*]}"
  fi
}

#--- Python -------------------------------------------------------------------#

install_python() {
  local stamp=.venv/.requirements.txt
  if [ -f "$stamp" ] && cmp -s requirements.txt "$stamp" &&
    [ -x .venv/bin/python ]; then
    return 0
  fi
  # Debian's interpreter, not one that happens to come first in PATH: bindings
  # are built against python3-dev.
  local python=/usr/bin/python3
  [ -x "$python" ] || python=$(command -v python3) ||
    fail "there is no python3"
  if [ ! -x .venv/bin/python ]; then
    say "making .venv with $("$python" --version)"
    rm -rf .venv
    "$python" -m venv .venv || fail "could not make .venv" \
      "on Debian the package python3-venv is needed"
  fi
  say "installing the Python packages of requirements.txt into .venv"
  .venv/bin/python -m pip install -q --disable-pip-version-check \
    -r requirements.txt </dev/null >&2 ||
    fail "pip could not install requirements.txt" "its messages stand above"
  cp requirements.txt "$stamp"
}

# torch and transformers, only for `make bench`; about 1 GB. The CPU build is
# tried first: PyPI's own brings the libraries of a GPU vendor along.
install_bench() {
  local stamp=.venv/.requirements-bench.txt
  if [ -f "$stamp" ] && cmp -s requirements-bench.txt "$stamp"; then return 0; fi
  local torch pip=(.venv/bin/python -m pip install -q --disable-pip-version-check)
  torch=$(grep '^torch==' requirements-bench.txt)
  say "installing the Python packages of requirements-bench.txt into .venv"
  "${pip[@]}" "$torch" --index-url https://download.pytorch.org/whl/cpu \
    --retries 1 --timeout 20 \
    </dev/null >&2 ||
    say "no CPU build of $torch to be had; taking the default index's"
  "${pip[@]}" -r requirements-bench.txt </dev/null >&2 ||
    fail "pip could not install requirements-bench.txt" "its messages stand above"
  cp requirements-bench.txt "$stamp"
}

# jaxlib and libtpu, only for `make check-tpu`; about 1.3 GB.
install_tpu() {
  local stamp=.venv/.requirements-tpu.txt
  if [ -f "$stamp" ] && cmp -s requirements-tpu.txt "$stamp"; then return 0; fi
  say "installing the Python packages of requirements-tpu.txt into .venv"
  .venv/bin/python -m pip install -q --disable-pip-version-check \
    -r requirements-tpu.txt </dev/null >&2 ||
    fail "pip could not install requirements-tpu.txt" "its messages stand above"
  cp requirements-tpu.txt "$stamp"
}

#--- Source archives ----------------------------------------------------------#

checksum_ok() { # file sha256
  [ -f "$1" ] && printf '%s  %s\n' "$2" "$1" | sha256sum --check --status -
}

install_downloads() {
  local name version sha256 file
  while read -r name version sha256; do
    file=.cache/$name-$version.tar.gz
    if checksum_ok "$file" "$sha256"; then continue; fi
    say "fetching the source of $name $version"
    mkdir -p .cache
    rm -f "$file"
    .venv/bin/python -m pip download -q --disable-pip-version-check \
      --no-deps --no-binary "$name" -d .cache "$name==$version" \
      </dev/null >&2 || fail "pip could not fetch $name $version"
    checksum_ok "$file" "$sha256" ||
      fail "$file is not the file we know: its SHA-256 differs from $sha256" \
        "delete it and try again; if it persists, the package index is at fault"
  done < <(read_list utils/downloads.txt)
}

case ${1:-all} in
packages) install_packages ;;
python) install_python ;;
downloads) install_downloads ;;
bench) install_bench ;;
tpu) install_tpu ;;
all)
  install_packages
  install_python
  install_downloads
  ;;
*) fail "unknown part '$1'" "parts are: packages, python, downloads, bench, tpu" ;;
esac
