#!/bin/sh
# Install or upgrade Tiếp Đón on Linux. Everything is decided in Python (kiosk/install); this script
# only finds Python and the program's wheel, which carries the installer.
#
#   sudo sh install.sh [--facility CODE] [--wheels FOLDER] [--proxy URL] …    see --help
#   sudo sh install.sh uninstall
set -eu
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
python=${PYTHON:-python3}
if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
  echo "install: Python 3.11 or newer is needed; on Debian and Ubuntu: apt install python3 python3-venv" >&2
  exit 2
fi

# The wheel beside this script, else the one that is named; it hands over to a newer one.
wheel=''
previous=''
for word in "$here" "$@"; do
  case "$word" in --wheels=* | --wheel=*) word=${word#*=} previous=--wheel ;; esac
  if [ "$word" = "$here" ] || [ "$previous" = --wheels ] || [ "$previous" = --wheel ]; then
    for file in "$word" "$word"/tiepdon-*.whl; do
      if [ -z "$wheel" ] && [ -f "$file" ]; then wheel=$file; fi
    done
  fi
  previous=$word
done
if [ -z "$wheel" ]; then
  echo "install: no tiepdon-*.whl in $here; expected a folder of wheels, or --wheel FILE" >&2
  exit 2
fi

case "${1-}" in install | upgrade | rollback | uninstall | wheels) ;; *) set -- install "$@" ;; esac
if [ "$1" = install ] || [ "$1" = upgrade ]; then
  case " $* " in *' --wheel'*) ;; *) set -- "$@" --wheels "$here" ;; esac
fi
PYTHONPATH=$wheel exec "$python" -P -m kiosk.install "$@"
