#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
# Installs what tests/packages.list names and the machine lacks; otherwise does nothing.
#   setup.sh [SECTION...]     sections: build test lab package (default: all)
set -eu

list=$(dirname "$0")/../packages.list
sections=${*:-build test lab package}
missing=
for section in $sections; do
	packages=$(awk -v s="[$section]" '/^(#|$)/ { next } /^\[/ { on = $0 == s; next } on' "$list")
	for package in $packages; do
		case $(dpkg-query -W -f='${Status}' "$package" 2>/dev/null || true) in
		"install ok installed") ;;
		*) missing="$missing $package" ;;
		esac
	done
done
[ -n "$missing" ] || exit 0

if [ "$(id -u)" != 0 ]; then
	echo "missing packages, run as root or install:$missing" >&2
	exit 1
fi
echo "installing:$missing" >&2

# Servers that come along (radvd, sshd) are for the lab: none is to start on this machine.
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
	trap 'rm -f $policy' EXIT INT TERM
	printf '#!/bin/sh\nexit 101\n' >$policy
	chmod +x $policy
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
# shellcheck disable=SC2086
apt-get install -y -qq --no-install-recommends $missing >&2
