#!/usr/bin/env bash
# usage: debian-unpack.sh PREFIX SUITE PACKAGE...
#
# Unpacks Debian packages and all that they depend on under PREFIX/root. Nothing is installed and
# nothing outside PREFIX is written; no root is needed. The repository is the one that this machine's
# apt is set up with, and apt checks the signatures as it always does.
set -euo pipefail
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
suite=$2
shift 2

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
[ -f "$keyring" ] || { echo "this is not a Debian system: $keyring does not exist" >&2; exit 3; }

# Without the release files, so that it works on an image whose package lists were never fetched.
# Not a pipe into head: apt-get would die of SIGPIPE, and pipefail of that.
targets=$(apt-get --no-release-info indextargets --format '$(REPO_URI)' 'Created-By: Packages')
repository=$(grep -v security <<<"$targets" | sed -n 1p)
[ -n "$repository" ] || { echo "apt has no package repository configured" >&2; exit 3; }

apt=$prefix/apt root=$prefix/root
mkdir -p "$apt"/{state/lists/partial,cache/archives/partial} "$root"
echo "deb [signed-by=$keyring] $repository $suite main" >"$apt/sources.list"
: >"$apt/status" # apt is to believe that nothing is installed, so that it fetches every dependency
apt_get=(apt-get -qq
  -o "Dir::Etc::sourcelist=$apt/sources.list" -o Dir::Etc::sourceparts=/dev/null
  -o "Dir::State=$apt/state" -o "Dir::State::status=$apt/status" -o "Dir::Cache=$apt/cache"
  -o APT::Install-Recommends=false -o "APT::Sandbox::User=$(id -un)" -o Acquire::Languages=none)
"${apt_get[@]}" update
"${apt_get[@]}" install --download-only -y "$@"
for package in "$apt"/cache/archives/*.deb; do dpkg-deb -x "$package" "$root"; done
rm -rf "$apt"
