#!/bin/sh
# The command of Tiếp Đón on this machine: on the data of the service, as the account of the service.
# It is written by each install and upgrade.
program=@programs@/current/bin/tiepdon
case "${1-}" in
upgrade | rollback | uninstall | wheels) exec "$program" "$@" ;;
esac
export TIEPDON_CONFIG=@settings@/kiosk.toml TIEPDON_DATA=@data@
if [ "$(id -un)" = "@account@" ]; then exec "$program" "$@"; fi
if [ "$(id -u)" = 0 ]; then
  cd / && exec setpriv --reuid=@account@ --regid=@account@ --init-groups -- "$program" "$@"
fi
echo "tiepdon: the data belong to the account @account@; run the same command with sudo" >&2
exit 2
